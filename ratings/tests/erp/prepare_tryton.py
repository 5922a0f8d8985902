"""Fills a new database of Tryton, as an accountant would: run by conftest.py."""

import sys
from decimal import Decimal

from proteus import Model, config


def main(database):
    config.set_trytond(database, config_file="trytond.conf")
    # These need the modules, which are there since set_trytond.
    from trytond.modules.account.tests.tools import create_chart, create_tax, get_accounts
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.modules.currency.tests.tools import get_currency

    get_currency("EUR")
    get_currency("USD")
    create_company(currency=get_currency("EUR"))
    company = get_company()
    create_chart(company)
    tax = create_tax(Decimal("0.19"), company)
    tax.save()
    accounts = get_accounts(company)
    category = Model.get("product.category")(name="Cloud", accounting=True)
    category.account_revenue = accounts["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    units = {unit.name: unit for unit in Model.get("product.uom").find([])}
    product("OS-VCPU", units["Hour"], category)
    for code in ("VOLUME", "TRAFFIC", "DISCOUNT", "MINIMUM", "CREDIT", "ROUNDING"):
        product(f"OS-{code}", units["Unit"], category)
    for name, code in (("Acme", "C-0815"), ("Globex", "C-4711")):
        party = Model.get("party.party")(name=name, code=code)
        party.addresses.new(street="Am Deich 1", city="Husum")
        party.save()


def product(code, unit, category):
    template = Model.get("product.template")(
        name=code,
        code=code,
        default_uom=unit,
        type="service",
        salable=True,
        list_price=Decimal(1),
        account_category=category,
    )
    template.save()


if __name__ == "__main__":
    main(sys.argv[1])
