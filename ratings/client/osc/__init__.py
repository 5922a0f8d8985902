"""``openstack rating ...``: the client as commands of python-openstackclient."""
