package dev.graft.adapters;

final class BaseModelStays extends RuntimeException {
  BaseModelStays(String name) {
    super("'" + name + "' is a base model; only fine-tuned models can be deleted here");
  }
}
