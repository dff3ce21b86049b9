"""Every figure, date, mark and label that a widget prints, against the rows that the ERP and the price feed
give when they are asked directly. What is expected is worked out here, without the code under test.
"""
