"""What pages draw with: the only part of ``core`` that imports streamlit."""
