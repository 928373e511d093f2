package dev.graft.adapters;

final class NoSuchModel extends RuntimeException {
  NoSuchModel(String name) {
    super("The model '" + name + "' does not exist");
  }
}
