"""The words of the field and the ports: imports nothing of ours and nothing heavy."""
