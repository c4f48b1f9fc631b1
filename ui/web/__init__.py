"""The page: a Streamlit chat."""
