package dev.graft.text;

/** tokenizer.json or its companions cannot be used; says which file and why. */
public final class BadTokenizer extends RuntimeException {
  public BadTokenizer(String message) {
    super(message);
  }
}
