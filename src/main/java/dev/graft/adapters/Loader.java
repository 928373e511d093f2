package dev.graft.adapters;

/** Programs that load PEFT adapters. */
enum Loader {
  PEFT("peft"),
  VLLM("vllm"),
  SGLANG("sglang"),
  TGI("tgi"),
  LLAMA_CPP("llama.cpp");

  private final String wireName;

  Loader(String wireName) {
    this.wireName = wireName;
  }

  String wireName() {
    return wireName;
  }
}
