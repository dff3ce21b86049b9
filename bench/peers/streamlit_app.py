"""The inventory widget in Streamlit."""

import pandas as pd
import streamlit as st

from bench.peers.stock import COLUMNS, TITLE, lines

st.set_page_config(page_title="Inventory levels")

shown = lines()
st.header("Inventory levels")
st.table(pd.DataFrame([line.cells() for line in shown], columns=list(COLUMNS)))
st.caption(TITLE)
st.bar_chart(
    pd.DataFrame(
        {"Item": [line.item for line in shown], "Share, %": [line.share for line in shown]}
    ),
    x="Item",
    y="Share, %",
    horizontal=True,
    sort=False,
    height=380,
)
