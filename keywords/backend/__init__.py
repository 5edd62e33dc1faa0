"""The scripted backend: started, told what to do, asked what it saw."""
