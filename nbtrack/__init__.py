"""The experiment tracker that lives in the notebook."""
