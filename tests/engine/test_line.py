"""Who stands in line: worked out as far as needed, in order, with those put back and those asked again."""

from dataclasses import replace

from core.catalog import Catalog
from core.engine.candidates import Candidate, Unserved
from core.engine.line import Line
from core.market import PriceQuery

CATALOG = Catalog.load()
QUERY = PriceQuery("BTC/USDT")


def hosts(name, query=QUERY):
    return [Candidate(CATALOG[name], host, query) for host in CATALOG[name].hosts]


def taken(line):
    found = []
    while line:
        found.append(line.take())
    return found


def test_nobody_is_worked_out_before_asked_for():
    seen = []

    def ranked():
        for entry in [*hosts("kraken"), *hosts("binance")]:
            seen.append(entry)
            yield entry

    line = Line(ranked())
    assert not seen
    assert line
    assert line.take() is seen[0]
    assert len(seen) == 1
    assert taken(line) == hosts("binance")
    assert not line


def test_who_is_put_back_stands_in_front_in_order():
    entries = [*hosts("kraken"), Unserved(CATALOG["okx"], "no"), *hosts("coinbase")]
    line = Line(iter(entries))
    first, second = line.take(), line.take()
    line.put_back([first, second])
    assert taken(line) == entries


def test_once_more_means_behind_the_providers_other_hosts():
    line = Line(iter([*hosts("binance"), *hosts("kraken")]))
    again = replace(line.take(), form=1)
    line.again(again)
    assert taken(line) == [*hosts("binance")[1:], again, *hosts("kraken")]


def test_once_more_with_no_other_host_means_next():
    line = Line(iter([*hosts("kraken"), *hosts("coinbase")]))
    again = replace(line.take(), form=1)
    line.again(again)
    assert taken(line) == [again, *hosts("coinbase")]
    line.again(again)
    assert taken(line) == [again]


def test_hosts_for_another_quote_are_others():
    other = hosts("kraken", PriceQuery("BTC/USD"))
    line = Line(iter([*hosts("kraken"), *other]))
    again = replace(line.take(), form=1)
    line.again(again)
    assert taken(line) == [again, *other]
