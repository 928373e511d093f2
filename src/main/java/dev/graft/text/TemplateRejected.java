package dev.graft.text;

/** A chat template that cannot be rendered, or that refuses these messages; says why. */
public final class TemplateRejected extends RuntimeException {
  public TemplateRejected(String message) {
    super(message);
  }
}
