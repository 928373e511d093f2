package dev.graft.artifacts;

/** A SHA-256, as 64 lower-case hexadecimal digits: the name of a blob. */
public record Digest(String hex) {
  public Digest {
    if (!hex.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("not a SHA-256 in lower-case hexadecimal");
    }
  }

  @Override
  public String toString() {
    return hex;
  }
}
