"""Draws icon and logo, a porcelain bowl mended with one gold seam: `python docs/icon.py` writes the PNGs."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ASSETS = Path(__file__).parents[1] / "core" / "ui" / "assets"
SIZE = 256
SCALE = 4
INK, PORCELAIN, SHADE, GOLD = "#1b2330", "#fbfaf6", "#d9d5c8", "#c9a227"
LETTERS = "#6b7c93"  # stands on porcelain and on ink


def icon() -> Image.Image:
    """The bowl, drawn large and scaled down for smooth edges."""
    side = SIZE * SCALE

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * side, y * side) for x, y in points]

    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=side * 0.2, fill=INK)
    pen.pieslice(at((0.12, -0.02), (0.88, 0.76)), 0, 180, fill=PORCELAIN)
    pen.polygon(at((0.38, 0.72), (0.62, 0.72), (0.66, 0.83), (0.34, 0.83)), fill=PORCELAIN)
    pen.ellipse(at((0.12, 0.29), (0.88, 0.45)), fill=SHADE)
    seam = at((0.40, 0.445), (0.47, 0.53), (0.43, 0.60), (0.55, 0.66), (0.53, 0.76))
    branch = at((0.47, 0.53), (0.62, 0.50), (0.70, 0.437))
    pen.line(seam, fill=GOLD, width=round(side * 0.035), joint="curve")
    pen.line(branch, fill=GOLD, width=round(side * 0.028), joint="curve")
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def logo(mark: Image.Image) -> Image.Image:
    """The bowl and the name."""
    font = ImageFont.load_default(150)
    width = round(font.getlength("Kintsugi"))
    image = Image.new("RGBA", (SIZE + 60 + width, SIZE), (0, 0, 0, 0))
    image.paste(mark, (0, 0))
    ImageDraw.Draw(image).text((SIZE + 60, SIZE // 2), "Kintsugi", LETTERS, font, anchor="lm")
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    ASSETS.mkdir(parents=True, exist_ok=True)
    bowl = icon()
    bowl.save(ASSETS / "icon.png", optimize=True)
    logo(bowl).save(ASSETS / "logo.png", optimize=True)
