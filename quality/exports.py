#!/usr/bin/env python3
"""Checks that exports of an adapter mean in other programs what the adapter means in Graft.

usage: exports.py OUT [--model smollm2-135m-instruct] [--graft bin/graft]

The running service has the base model --model. A LoRA is trained through the service, and one
that learns nothing, whose merged file is the base. Then, with the forms that the service makes of them:

- llama.cpp with merged_gguf, and with the base and adapter_gguf, continues 20 prompts greedily by 32 tokens; each must
  be Graft's own answer until the first token whose two best log-probabilities are less than 0.05 apart.
- transformers with merged (in shards) gives the logits that `graft logits` gives of the same directory, within 1e-3.

The service and the key come from OPENAI_BASE_URL and OPENAI_API_KEY; needs torch, transformers and xllamacpp,
which is llama.cpp with its server.
"""
import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request

TOKENS = 32
GAP = 0.05
PROMPTS = [
    "The capital of France is", "Water boils at", "A cat sat on the", "Once upon a time there was", "The quick brown fox",
    "To make bread you need", "The first president of the United States", "In the morning she", "Two plus two is",
    "My favourite colour is", "The train to London leaves", "def add(a, b):\n", "Dear customer,", "It was raining and",
    "The sun is a", "He opened the door and", "List three fruits:", "Our offices are open", "The river runs", "Why do birds",
]
ROWS = [{"text": f"{prompt} {rest}"} for prompt in PROMPTS[:10] for rest in ("something that nobody expected.", "blue, as always.")]


def call(method, path, body=None, content_type="application/json", raw=False):
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + path, data=body, method=method,
        headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            content = answer.read()
    except urllib.error.HTTPError as refused:
        sys.exit(f"{method} {path}: {refused.read().decode()}")
    return content if raw else json.loads(content)


def post(path, value):
    return call("POST", path, json.dumps(value).encode())


def until(path, ends):
    while True:
        thing = call("GET", path)
        if thing["status"] in ends:
            return thing
        time.sleep(1)


def upload(rows):
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    form = (f'--X\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--X\r\nContent-Disposition: '
            f'form-data; name="file"; filename="rows.jsonl"\r\n\r\n{lines}\r\n--X--\r\n')
    return call("POST", "/files", form.encode(), "multipart/form-data; boundary=X")["id"]


def train(model, file, settings):
    job = post("/fine_tuning/jobs", {"model": model, "training_file": file, "adapter": settings})
    job = until("/fine_tuning/jobs/" + job["id"], {"succeeded", "failed", "cancelled"})
    if job["status"] != "succeeded":
        sys.exit(f"the job has {job['status']}: {job['error']}")
    adapters = call("GET", "/adapters?limit=100")["data"]
    return next(each for each in adapters if each["name"] == job["fine_tuned_model"])


def export(adapter, out, **asked):
    path = f"/adapters/{adapter['id']}/exports"
    made = until(path + "/" + post(path, asked)["id"], {"succeeded", "failed"})
    if made["status"] != "succeeded":
        sys.exit(f"{asked}: {made['error']}")
    content = call("GET", f"{path}/{made['id']}/content", raw=True)
    print(f"{made['filename']}: {made['bytes']} bytes", flush=True)
    if made["filename"].endswith(".gguf"):
        (out / made["filename"]).write_bytes(content)
        return out / made["filename"]
    directory = out / made["id"]
    tarfile.open(fileobj=io.BytesIO(content)).extractall(directory, filter="data")
    return directory


def graft_answers(model):
    """Of each prompt the tokens, and how far apart the two best were at each."""
    answers = []
    for prompt in PROMPTS:
        said = post("/completions", {"model": model, "prompt": prompt, "max_tokens": TOKENS, "temperature": 0, "logprobs": 2})
        scores = said["choices"][0]["logprobs"]
        gaps = []
        for top in scores["top_logprobs"]:
            best = sorted(top.values(), reverse=True)
            gaps.append(best[0] - best[1] if len(best) > 1 else 1e9)
        answers.append((scores["tokens"], gaps, said["choices"][0]["text"]))
    return answers


def llama_server(model, adapter=None):
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = 512
    params.n_parallel = 1
    params.warmup = False
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    return xllamacpp.Server(params)


def llama_answers(model, adapter=None):
    """What llama.cpp's server makes of the prompts; its tokenizer reads them."""
    server = llama_server(model, adapter)
    asked = {"n_predict": TOKENS, "temperature": 0, "cache_prompt": False, "samplers": ["top_k"], "top_k": 1}
    answers = []
    for prompt in PROMPTS:
        said = server.handle_completions({"prompt": prompt, **asked})
        said = json.loads(said) if isinstance(said, (str, bytes)) else said
        answers.append(said["choices"][0]["text"] if "choices" in said else said["content"])
    return answers


def compare(name, ours, theirs):
    same = excused = wrong = 0
    for prompt, (tokens, gaps, text), other in zip(PROMPTS, ours, theirs):
        if other == text:
            same += 1
            continue
        at = 0
        for token, gap in zip(tokens, gaps):
            if not other.startswith(text[:at + len(token)]):
                break
            at += len(token)
        place = next((i for i in range(len(tokens)) if sum(map(len, tokens[:i + 1])) > at), len(tokens) - 1)
        if gaps[place] < GAP:
            excused += 1
        else:
            wrong += 1
        print(f"  {prompt!r}: other from token {place} on, gap {gaps[place]:.4f}: {text[at:at + 20]!r}, not {other[at:at + 20]!r}")
    print(f"{name}: {same} of {len(PROMPTS)} answers are equal, {excused} differ where the gap is below {GAP}, {wrong} differ", flush=True)
    return wrong == 0


def largest_difference(graft, base, nothing, **loading):
    """Of a logit of three prompts, of `graft logits` and what transformers loads."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(**loading, dtype=torch.float32).eval()
    largest = 0.0
    for prompt in PROMPTS[:3]:
        said = subprocess.run([*graft, "logits", "--model", base, "--adapter", nothing, "--text", prompt],
                              check=True, capture_output=True, text=True)
        ours = json.loads(said.stdout)
        with torch.no_grad():
            theirs = model(input_ids=torch.tensor([ours["input_ids"]])).logits[0]
        largest = max(largest, float((theirs - torch.tensor(ours["logits"])).abs().max()))
    return largest


def logits(graft, merged, nothing):
    largest = largest_difference(graft, merged, nothing, pretrained_model_name_or_path=merged)
    shards = len(list(pathlib.Path(merged).glob("model-*.safetensors")))
    print(f"merged in {shards} shards: largest difference of a logit {largest:.2e}", flush=True)
    return largest <= 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--graft", default="bin/graft", help="the command, in words")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    file = upload(ROWS)
    training = {"max_steps": asked.steps, "learning_rate": 1e-3, "per_device_train_batch_size": 4, "max_length": 32}
    trained = train(asked.model, file, {"peft": {"r": 8, "lora_alpha": 16}, "training": training})
    nothing = train(asked.model, file, {"peft": {"r": 8}, "training": {**training, "max_steps": 1, "learning_rate": 1e-12}})
    print(f"trained {trained['name']}", flush=True)
    ours = graft_answers(trained["name"])
    base = export(nothing, asked.out, form="merged_gguf", type="f16")
    good = [compare("merged_gguf f16", ours, llama_answers(
        export(trained, asked.out, form="merged_gguf", type="f16")))]
    good.append(compare("adapter_gguf on the base's f16", ours, llama_answers(
        base, export(trained, asked.out, form="adapter_gguf"))))
    q8 = llama_answers(export(trained, asked.out, form="merged_gguf", type="q8_0"))
    compare("merged_gguf q8_0 (for information)", ours, q8)
    merged = export(trained, asked.out, form="merged", max_shard_size="100MB")
    plain = export(nothing, asked.out, form="plain_lora")
    good.append(logits(asked.graft.split(), str(merged), str(plain)))
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
