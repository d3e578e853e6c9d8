"""Hugging Face's inference, as documented at huggingface.co/docs/inference-providers/tasks/text-classification."""

import re

from core.lab.venue import Call, PlainVenue, Refusal, Reply, route

_GOOD = re.compile(
    r"\b(bull|rally|rallie|surg|soar|rise|rising|gain|high|approv|adopt|record|moon|profit)", re.IGNORECASE
)
_BAD = re.compile(
    r"\b(bear|crash|plung|hack|fraud|fall|fell|drop|loss|ban|sue|stolen|scam|bankrupt|liquidat)",
    re.IGNORECASE,
)


class HuggingFace(PlainVenue):
    """FinBERT, as good as two lists of words can play it: three labels, the likeliest first, in a list of one."""

    id = "huggingface"
    hosts = ("router.huggingface.co",)
    server = "uvicorn"

    @route("/hf-inference/models/ProsusAI/finbert", "sentiment", method="POST")
    def finbert(self, call: Call) -> Reply:
        """The probabilities of a text."""
        text = call.json.get("inputs") if isinstance(call.json, dict) else None
        if not isinstance(text, str) or not text:
            raise Refusal(self._error(400, "inputs is missing"))
        good, bad = len(_GOOD.findall(text)), len(_BAD.findall(text))
        whole = 1.0 + 3 * good + 3 * bad
        chances = {"positive": 3 * good / whole, "negative": 3 * bad / whole, "neutral": 1 / whole}
        rows = [{"label": name, "score": round(chance, 6)} for name, chance in chances.items()]
        return Reply([sorted(rows, key=lambda row: -float(str(row["score"])))])

    def failure(self, status: int) -> Reply:
        """An error in its own words."""
        return self._error(status, f"Request failed with status {status}")

    def _error(self, status: int, text: str) -> Reply:
        return Reply({"error": text}, status)
