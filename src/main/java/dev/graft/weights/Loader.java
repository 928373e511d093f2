package dev.graft.weights;

/** Programs that load adapters. */
public enum Loader {
  PEFT("peft"),
  VLLM("vllm"),
  SGLANG("sglang"),
  TGI("tgi"),
  LLAMA_CPP("llama.cpp");

  private final String wireName;

  Loader(String wireName) {
    this.wireName = wireName;
  }

  /** As it calls itself. */
  public String wireName() {
    return wireName;
  }
}
