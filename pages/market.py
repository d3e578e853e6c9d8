"""What is around a price: several venues at once, the book, the mood, news, chains."""

from core.ui import frame, market

market.show(frame.hub())
