"""The whole product on whole machines."""
