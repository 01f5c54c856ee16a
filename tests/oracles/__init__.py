"""Other people's programs asked about our bundles: pywb, ReplayWeb.page, py-wacz, warcio, FastWARC."""
