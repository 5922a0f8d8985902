"""``ratings-manage terms``, run as an operator runs it."""

import pytest

from ratings import orders
from ratings.cmd.manage import main
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, add_prices, rate, rater, scalar


@pytest.fixture
def terms(database, monkeypatch, capsys):
    """A function that runs a command of terms and gives the lines that it prints."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)

    def run(*arguments):
        assert main(["terms", *arguments]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as refusal:
        main(["terms", *arguments])
    return refusal.value.code, capsys.readouterr().err


def test_terms_are_added_listed_and_ended(terms):
    volume = ["--component", "volume", "--start", "2026-04-01"]
    added = terms("add", "discount_percent", "12.50", "--reason", "[loyal]", *volume)
    assert added == ["Term 1 added."]
    terms("add", "credit", "30", "--tenant", "acme", "--reason", "gift", "--end", "2999-01-01")
    shown = [line.split() for line in terms("list")]
    assert shown[0] == [
        "id", "tenant", "kind", "value", "remaining", "component", "from", "until", "reason",
    ]  # fmt: skip
    assert shown[1] == [
        "1", "(all)", "discount_percent", "12.5%", "volume", "2026-04-01T00:00:00+00:00", "[loyal]",
    ]  # fmt: skip
    assert shown[2][:6] == ["2", "acme", "credit", "30", "USD", "30"]
    assert [line.split()[0] for line in terms("list", "--tenant", "acme")] == ["id", "2"]
    assert terms("end", "1", "--at", "2026-05-01") == ["Term 1 ends at 2026-05-01T00:00:00+00:00."]
    assert terms("end", "2") == ["Term 2 is removed."]
    assert [line.split()[0] for line in terms("list")] == ["id", "1"]


def test_a_credit_shows_what_remains_of_it(terms, database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=1", "volume"))
    terms("add", "credit", "30", "--tenant", "acme", "--reason", "gift", "--start", "2026-01-01")
    orders.close(database, rater(database), "acme", instant("12:00"), NOW)
    assert terms("list")[1].split()[3:6] == ["30", "USD", "24"]


def test_what_cannot_be_agreed_upon_is_refused_in_a_line(terms, database, capsys):
    code, said = refused(capsys, "add", "credit", "30", "--reason", "gift")
    assert (code, said) == (1, "ratings-manage: a credit belongs to a tenant\n")
    code, said = refused(capsys, "end", "7")
    assert (code, said) == (1, "ratings-manage: there is no term 7\n")
    code, said = refused(capsys, "add", "minimum", "much", "--reason", "x")
    assert code == 2
    assert "'much' is no number" in said
    assert scalar(database, "SELECT count(*) FROM terms") == 0
