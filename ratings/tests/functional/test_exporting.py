"""Orders in other formats, through the API and ``ratings-manage export``."""

import csv
import io
import json
from decimal import Decimal

import pytest

from ratings.cmd.manage import main
from ratings.tests.histories import live

PARTIES = """
seller:
  name: Wolkenbruch GmbH
  address: {country: DE, city: Husum}
  vat_id: DE123456788
vat: {category: S, rate: 19}
others:
  buyer: {name: Somebody, address: {country: 'NO', postcode: 0150}}
"""


@pytest.fixture
def past(database, monkeypatch, tmp_path):
    """Five orders of two tenants; the file of parties is configured."""
    live(database)
    file = tmp_path / "parties.yaml"
    file.write_text(PARTIES)
    monkeypatch.setenv(
        "OS_DATABASE__CONNECTION", database.url.render_as_string(hide_password=False)
    )
    monkeypatch.setenv("OS_EXPORT__PARTIES_FILE", str(file))
    return database


def exact(response):
    return json.loads(response.content, parse_float=Decimal)


def test_the_format_json_is_what_the_api_answers(past, client):
    for order_id in (1, 2, 3):
        answer = client.get(f"/v1/sales_orders/{order_id}")
        file = client.get(f"/v1/sales_orders/{order_id}?format=json")
        assert answer.headers["Content-Type"] == "application/json"
        assert "Content-Disposition" not in answer.headers
        assert exact(file) == exact(answer)
        name = f'attachment; filename="sales-order-{order_id}.json"'
        assert file.headers["Content-Disposition"] == name


def test_the_rows_of_a_csv_add_up_to_the_total(past, client):
    total = exact(client.get("/v1/sales_orders/3"))["total"]
    file = client.get("/v1/sales_orders/3?format=csv")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert sum(Decimal(row["amount"]) for row in rows if row["amount"]) == total
    assert {row["section"] for row in rows} >= {"line", "correction"}


def test_a_draft_is_exported_as_a_draft(past, client):
    file = client.get("/v1/sales_drafts?tenant_id=globex&end=2026-01-03&format=csv")
    assert file.status_code == 200
    assert file.headers["Content-Disposition"].endswith('"sales-draft-globex.csv"')
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert {(row["order_id"], row["order_status"]) for row in rows} == {("", "draft")}


def test_what_a_format_cannot_say_is_refused(past, client):
    def code(url):
        answer = client.get(url)
        return answer.status_code, answer.json()["errors"][0]["code"]

    assert code("/v1/sales_orders/1?format=xls") == (400, "format_unknown")
    draft = "/v1/sales_drafts?tenant_id=globex&end=2026-01-03&format=ubl"
    assert code(draft) == (409, "not_exportable")


def test_an_order_is_written_to_standard_output(past, capfdbinary):
    assert main(["export", "ubl", "3"]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "<cbc:PostalZone>0150</cbc:PostalZone>" in shown
    assert "<cbc:IdentificationCode>NO</cbc:IdentificationCode>" in shown


def test_an_invoice_names_the_earlier_ones_that_it_corrects(past, capfdbinary):
    assert main(["export", "ubl", "3"]) == 0
    references = capfdbinary.readouterr().out.decode().partition("<cac:BillingReference>")[2]
    assert "<cbc:ID>1</cbc:ID>" in references.partition("</cac:BillingReference>")[0]


def test_many_orders_are_files_in_a_directory(past, tmp_path, capsys):
    assert main(["export", "beancount", "--tenant", "acme", "--directory", str(tmp_path)]) == 0
    files = sorted(path.name for path in tmp_path.glob("*.beancount"))
    assert files == [f"sales-order-{n}.beancount" for n in (1, 3, 5)]
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_many_orders_do_not_fit_on_standard_output(past, capsys):
    with pytest.raises(SystemExit):
        main(["export", "csv", "--tenant", "acme"])
    assert "3 orders: name one, or a --directory" in capsys.readouterr().err


def test_an_order_that_cannot_be_exported_does_not_stop_the_others(
    past, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("OS_EXPORT__PARTIES_FILE")
    assert main(["export", "ubl", "1", "2", "--directory", str(tmp_path)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in told] == ["order 1", "order 2"]
    assert "the seller's address" in told[0]
