from setuptools import find_packages, setup

# The mapped folders (setup.cfg, package_dir) have no __init__.py, so find_packages misses them.
MAPPED = ["ratings.migrations", "ratings.migrations.versions", "ratings.defaults"]

setup(packages=find_packages(include=["ratings*"], exclude=["ratings.tests*"]) + MAPPED)
