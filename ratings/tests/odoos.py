"""A small Odoo for tests: its two APIs over HTTP, and its rules for quotations.

It is no Odoo. What it keeps to is what Odoo's documentation and its source say of
authentication, arguments, faults, unknown fields, digits and rounding; numbers are
floats, as they are there.
"""

from __future__ import annotations

import inspect
import json
import threading
import xmlrpc.client
from collections.abc import Callable
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASE, USER, API_KEY = "books", "ratings@example.com", "6578616d706c65"

LINE_FIELDS = {"product_id", "name", "product_uom_qty", "price_unit", "discount", "tax_ids"}
SALE_FIELDS = {"partner_id", "client_order_ref", "origin", "order_line", "note", "date_order"}


class UserError(Exception):
    """What Odoo says to a person."""


class AccessDenied(Exception):
    pass


class Odoo:
    """Its database. `after_create` hears of each sale when it is committed."""

    def __init__(self, release: int = 19, currency: str = "EUR", price_digits: int = 2) -> None:
        self.unit = "product_uom_id" if release >= 19 else "product_uom"
        self.currency, self.price_digits = currency, price_digits
        self.records = {"res.partner": {}, "product.product": {}, "uom.uom": {}}
        self.sales: dict[int, dict] = {}
        self.calls: list[tuple[str, str]] = []
        self.after_create: Callable[[dict], None] = lambda sale: None
        self._lock = threading.Lock()

    def add(self, model: str, **fields) -> int:
        number = len(self.records[model]) + 11
        self.records[model][number] = {"id": number, **fields}
        return number

    def run(self, model: str, method: str, *given, **named):
        self.calls.append((model, method))
        if model not in (*self.records, "sale.order", "sale.order.line"):
            raise KeyError(model)
        function = {"create": self.create, "search_read": self.search_read}.get(method)
        if method == "fields_get":
            return {name: {"type": "any"} for name in LINE_FIELDS | {self.unit}}
        if function is None:
            raise AttributeError(f"The method '{model}.{method}' does not exist")
        inspect.signature(function).bind(model, *given, **named)
        return function(model, *given, **named)

    def search_read(self, model, domain=(), fields=(), offset=0, limit=None, order=None):
        rows = self.sales if model == "sale.order" else self.records[model]
        found = [
            row for row in rows.values() if all(row.get(name) == value for name, _, value in domain)
        ]
        shown = {"id", *fields}
        return [{k: v for k, v in row.items() if k in shown} for row in found][:limit]

    def create(self, model, vals_list):
        assert model == "sale.order"
        one = isinstance(vals_list, dict)
        ids = [self._sale(values) for values in ([vals_list] if one else vals_list)]
        return ids[0] if one else ids

    def _sale(self, values):
        known(values, SALE_FIELDS, "sale.order")
        if values.get("partner_id") not in self.records["res.partner"]:
            raise UserError("Missing required fields on Sales Order: partner_id")
        lines = []
        for command in values["order_line"]:
            operation, _, line = command
            assert operation == 0, command
            lines.append(self._line(line))
        with self._lock:
            number = len(self.sales) + 1
            sale = {
                **values,
                "id": number,
                "name": f"S{number:05}",
                "state": "draft",
                "currency_id": [1, self.currency],
                "lines": lines,
                "amount_untaxed": float(sum(line["price_subtotal"] for line in lines)),
            }
            self.sales[number] = sale
        self.after_create(sale)
        return number

    def _line(self, line):
        known(line, LINE_FIELDS | {self.unit}, "sale.order.line")
        if line["product_id"] not in self.records["product.product"]:
            raise UserError("The operation cannot be completed: product_id is missing")
        if self.unit in line and line[self.unit] not in self.records["uom.uom"]:
            raise UserError("The unit of measure is of another category than the product's")
        quantity = kept(line["product_uom_qty"], 2)
        price = kept(line["price_unit"], self.price_digits)
        return {**line, "price_subtotal": kept(quantity * price, 2), "quantity": quantity}


def known(values, fields, model):
    for name in values:
        if name not in fields:
            raise ValueError(f"Invalid field '{name}' in '{model}'")


def kept(number, digits) -> Decimal:
    text = repr(float(number)) if not isinstance(number, Decimal) else str(number)
    return Decimal(text).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


@contextmanager
def served(odoo: Odoo):
    """The URL of a server on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/json/2/"):
                status, answer = json2(odoo, self.path, self.headers, body)
                self.reply(status, "application/json; charset=utf-8", answer)
            elif self.path.startswith("/xmlrpc/2/"):
                self.reply(200, "text/xml", xml_rpc(odoo, self.path, body))
            else:
                self.reply(404, "text/html", b"<h1>Not Found</h1>")

        def reply(self, status, media_type, body):
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def json2(odoo, path, headers, body):
    model, method = path.removeprefix("/json/2/").split("/")
    if headers["Authorization"] != f"bearer {API_KEY}":
        return failure(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
    if headers.get("X-Odoo-Database", DATABASE) != DATABASE:
        return failure(404, "werkzeug.exceptions.NotFound", "no such database")
    named = json.loads(body)
    named.pop("context", None), named.pop("ids", None)
    try:
        return 200, json.dumps(odoo.run(model, method, **named)).encode()
    except KeyError:
        return failure(404, "werkzeug.exceptions.NotFound", f"the model {model!r} does not exist")
    except TypeError as error:
        return failure(422, "werkzeug.exceptions.UnprocessableEntity", str(error))
    except UserError as error:
        return failure(422, "odoo.exceptions.UserError", str(error))
    except Exception as error:
        return failure(500, f"builtins.{type(error).__name__}", str(error))


def failure(status, name, message):
    told = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "..."}
    return status, json.dumps(told).encode()


def xml_rpc(odoo, path, body):
    given, method = xmlrpc.client.loads(body)
    try:
        if path.endswith("/common"):
            assert method == "authenticate"
            found = 2 if given == (DATABASE, USER, API_KEY, {}) else False
        else:
            assert method == "execute_kw"
            database, uid, key, model, called, args, named = given
            if (database, uid, key) != (DATABASE, 2, API_KEY):
                raise AccessDenied
            found = odoo.run(model, called, *args, **named)
        return xmlrpc.client.dumps((found,), methodresponse=True).encode()
    except AccessDenied:
        fault = xmlrpc.client.Fault(3, "Access Denied")
    except UserError as error:
        fault = xmlrpc.client.Fault(2, str(error))
    except Exception as error:
        trace = f'Traceback (most recent call last):\n  File "x.py", line 1\n{error!r}\n'
        fault = xmlrpc.client.Fault(1, trace)
    return xmlrpc.client.dumps(fault).encode()
