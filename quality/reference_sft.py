"""HF PEFT reference for the banking10 task: same data order, same arithmetic as a Graft job should use.

usage: reference_sft.py MODEL_DIR DATA_DIR [--method lora|lora_bf16|qlora|ia3|prompt_tuning|full] [--steps N] [--threads N] [--train-only]
Trains LoRA r8 alpha16 all-linear, lr 5e-4 (lora_bf16: the same on a base in bf16; qlora: on a base rounded to NF4 by bitsandbytes; ia3: peft's
default targets, lr 5e-3; prompt_tuning: 20 virtual tokens that start as a text, lr 1e-2; full: every parameter, lr 5e-5), transformers' `linear` schedule with 5 warm-up steps, batch 16, 1 epoch
(the last batch is smaller), file order, completion-only loss (assistant turn and its end-of-turn token), f32; prints
losses, dev loss and dev accuracy (greedy, exact match of the intent name).
"""
import argparse
import json
import time

import torch
from peft import IA3Config, LoraConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, get_scheduler


RATES = {"lora": 5e-4, "lora_bf16": 5e-4, "qlora": 5e-4, "ia3": 5e-3, "prompt_tuning": 1e-2, "full": 5e-5}
PROMPT = "Name the intent of the customer's message to the bank."


def adapted(model, method, model_dir):
    lora = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    if method == "full":
        return model
    if method == "qlora":  # what every linear layer computes with under QLoRA, in f32
        from bitsandbytes.functional import dequantize_4bit, quantize_4bit
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear) and name != "lm_head":
                packed, state = quantize_4bit(module.weight.data, blocksize=64, quant_type="nf4")
                module.weight.data = dequantize_4bit(packed, state)
        return get_peft_model(model, lora)
    if method == "ia3":
        return get_peft_model(model, IA3Config(task_type="CAUSAL_LM"))
    if method == "prompt_tuning":
        return get_peft_model(model, PromptTuningConfig(
            task_type="CAUSAL_LM", num_virtual_tokens=20, prompt_tuning_init="TEXT", prompt_tuning_init_text=PROMPT,
            tokenizer_name_or_path=model_dir))
    return get_peft_model(model, lora)


def encode(tok, messages):
    prompt = tok.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
    full = prompt + messages[-1]["content"] + "<|im_end|>"
    p = tok(prompt, add_special_tokens=False).input_ids
    ids = tok(full, add_special_tokens=False).input_ids
    assert ids[:len(p)] == p
    return ids, len(p)


def batch(rows, pad):
    width = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, -100)
    for i, (row, p) in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
        mask[i, :len(row)] = 1
        labels[i, p:len(row)] = torch.tensor(row[p:])
    return ids, mask, labels


def token_loss(model, b):
    ids, mask, labels = b
    logits = model(input_ids=ids, attention_mask=mask).logits[:, -ids.shape[1]:-1].float()
    target = labels[:, 1:]
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.size(-1)), target.reshape(-1),
                                             ignore_index=-100, reduction="sum")
    return loss, (target != -100).sum()


def answer(model, prompt, virtual_tokens):
    """Greedy ids. With virtual tokens by whole passes: peft's `generate` loses their places in the cache here."""
    if not virtual_tokens:
        return model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=16,
                              do_sample=False, eos_token_id=2, pad_token_id=2)[0, prompt.shape[1]:]
    ids = prompt
    for _ in range(16):
        likeliest = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -1].argmax()
        if likeliest == 2:
            break
        ids = torch.cat([ids, likeliest.view(1, 1)], dim=1)
    return ids[0, prompt.shape[1]:]


def accuracy(model, tok, rows, virtual_tokens):
    good = 0
    with torch.no_grad():
        for ids, p in rows:
            out = answer(model, torch.tensor([ids[:p]]), virtual_tokens)
            good += tok.decode(out, skip_special_tokens=True).strip() == tok.decode(ids[p:-1]).strip()
    return good / len(rows)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("model")
    a.add_argument("data")
    a.add_argument("--method", choices=list(RATES), default="lora")
    a.add_argument("--steps", type=int, default=0)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--train-only", action="store_true", help="leave out the held-out rows: for timing")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(42)
    tok = AutoTokenizer.from_pretrained(a.model)
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.bfloat16 if a.method.endswith("_bf16") else torch.float32)
    read = lambda n: [encode(tok, json.loads(line)["messages"]) for line in open(f"{a.data}/{n}")]
    train, dev = read("banking10_train.jsonl"), read("banking10_dev.jsonl")
    steps = a.steps or -(-len(train) // 16)
    base_loss = None if a.train_only else eval_loss(model, dev)
    model = adapted(model, a.method, a.model)
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=RATES[a.method], weight_decay=0.0)
    sched = get_scheduler("linear", opt, num_warmup_steps=5, num_training_steps=steps)
    step_tokens = [sum(len(ids) for ids, _ in train[s * 16:(s + 1) * 16]) for s in range(steps)]
    tokens = sum(step_tokens)
    start, losses = time.time(), []
    for s in range(steps):
        loss, n = token_loss(model, batch(train[s * 16:(s + 1) * 16], 2))
        (loss / n).backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step(); sched.step(); opt.zero_grad()
        losses.append(float(loss.detach() / n))
        if s % 10 == 0:
            print(f"step {s} loss {losses[-1]:.4f}", flush=True)
    seconds = time.time() - start
    model.eval()
    result = {"method": a.method, "rows": len(train), "steps": steps, "tokens": tokens, "seconds": round(seconds, 1),
                      "tokens_per_second": round(tokens / seconds, 1), "losses": losses, "step_tokens": step_tokens}
    if not a.train_only:
        result |= {"dev_loss_base": base_loss, "dev_loss": eval_loss(model, dev),
                   "dev_accuracy": accuracy(model, tok, dev, a.method == "prompt_tuning")}
    print(json.dumps(result))


def eval_loss(model, rows):
    total = count = 0
    with torch.no_grad():
        for i in range(0, len(rows), 16):
            loss, n = token_loss(model, batch(rows[i:i + 16], 2))
            total += float(loss); count += int(n)
    return total / count


if __name__ == "__main__":
    main()
