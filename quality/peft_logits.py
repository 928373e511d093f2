#!/usr/bin/env python3
"""Checks that an adapter trained by Graft means the same in Hugging Face `peft`.

usage: peft_logits.py BASE_DIR ADAPTER_DIR GRAFT_LOGITS.json

GRAFT_LOGITS.json is what `bin/graft logits` printed: {"input_ids": [...], "logits": [[...]]} for one prompt.
Prints the largest absolute difference and exits with 1 when it is above 1e-3.
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, adapter, logits = sys.argv[1:4]
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()
ours = json.load(open(logits))
with torch.no_grad():
    theirs = model(input_ids=torch.tensor([ours["input_ids"]])).logits[0]
difference = float((theirs - torch.tensor(ours["logits"])).abs().max())
print(f"largest difference of a logit: {difference:.2e}")
sys.exit(difference > 1e-3)
