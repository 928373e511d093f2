package dev.graft.adapters;

final class NoSuchAdapter extends RuntimeException {
  NoSuchAdapter(String message) {
    super(message);
  }
}
