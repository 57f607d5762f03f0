"""Flower, Celery's monitor, with Basic: third_flower.py PORT."""
import sys
from celery import Celery
Celery("exam", broker="memory://").start(["flower", f"--port={sys.argv[1]}", "--address=0.0.0.0", "--basic_auth=alice:secret-7", "--logging=error"])
