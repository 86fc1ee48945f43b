"""The stages of dvc.yaml: verb, module and function share one name."""
