"""Sampling, several choices, streams, stop strings and log-probabilities, with the unmodified openai SDK.

    export OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=<the department's key>
    python chat.py --model <base model or ft:...> --ask "What does the X-200 weigh?"

Ends with 1 if an answer is not what the parameters say. Needs: pip install openai
"""

import argparse
import math

from openai import BadRequestError, OpenAI


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="default: the first that is listed")
    parser.add_argument("--ask", default="Tell me something.", help="the user's turn")
    parser.add_argument("--max-tokens", type=int, default=24)
    return parser.parse_args()


def check(what, fine):
    if not fine:
        raise SystemExit(f"not as it should be: {what}")


class Chat:
    def __init__(self, client, options):
        self.client = client
        self.fixed = {
            "model": options.model,
            "messages": [{"role": "user", "content": options.ask}],
            "max_tokens": options.max_tokens,
        }

    def create(self, **parameters):
        return self.client.chat.completions.create(**(self.fixed | parameters))

    def texts(self, **parameters):
        return [choice.message.content for choice in self.create(**parameters).choices]


def seeds(chat):
    first = chat.texts(seed=1, n=3, temperature=1.2)
    print("n=3      ", *map(repr, first), sep="\n  ")
    check("the same seed gives the same answers", chat.texts(seed=1, n=3, temperature=1.2) == first)
    check("temperature 0 gives one answer", len(set(chat.texts(n=2, temperature=0))) == 1)


def stream(chat):
    whole = chat.create(temperature=0)
    text, usage, reason = "", None, None
    for chunk in chat.create(temperature=0, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    print(f"stream    {text!r}  ({reason}, {usage.completion_tokens} tokens)")
    check("the stream is the whole answer", text == whole.choices[0].message.content)
    check("the stream counts the same tokens", usage == whole.usage)


def leave(chat):
    with chat.create(stream=True, max_tokens=200) as chunks:
        next(iter(chunks))
    check("another chat is answered after one that was left", chat.texts(max_tokens=1) is not None)
    print("left      a stream after its first chunk")


def stop(chat):
    whole = chat.texts(temperature=0)[0]
    if len(whole) < 4:
        return print("stop      the answer is too short to try")
    at = whole[len(whole) // 2 : len(whole) // 2 + 2]
    choice = chat.create(temperature=0, stop=at).choices[0]
    print(f"stop      {choice.message.content!r}  before {at!r}")
    check("the answer ends before the stop string", choice.message.content == whole[: whole.index(at)])
    check("it says so", choice.finish_reason == "stop")


def logprobs(chat):
    choice = chat.create(temperature=0, logprobs=True, top_logprobs=3).choices[0]
    for token in choice.logprobs.content[:5]:
        others = "  ".join(f"{top.token!r} {math.exp(top.logprob):.3f}" for top in token.top_logprobs)
        print(f"logprobs  {token.token!r:14} {others}")
    joined = b"".join(bytes(token.bytes) for token in choice.logprobs.content)
    check("the tokens are the answer", joined.decode("utf-8", "replace") == choice.message.content)


def completion(client, options):
    scored = client.completions.create(model=options.model, prompt=options.ask, echo=True, max_tokens=0, logprobs=0)
    sums = [each for each in scored.choices[0].logprobs.token_logprobs if each is not None]
    print(f"scored    {scored.choices[0].text!r}: {sum(sums):.2f} nats over {len(sums)} tokens")
    check("the echo is the prompt", scored.choices[0].text == options.ask)


def refused(chat):
    try:
        chat.create(tools=[{"type": "function", "function": {"name": "f"}}])
    except BadRequestError as error:
        return print(f"refused   {error.param}: {error.body['message']}")
    check("what is not built is refused by its name", False)


def main():
    options = arguments()
    client = OpenAI()  # reads OPENAI_BASE_URL and OPENAI_API_KEY
    options.model = options.model or next(iter(client.models.list())).id
    chat = Chat(client, options)
    for part in (seeds, stream, leave, stop, logprobs, refused):
        part(chat)
    completion(client, options)


if __name__ == "__main__":
    main()
