package dev.graft.artifacts;

import java.io.IOException;
import java.io.OutputStream;

/** The bytes of a blob to be, as something that writes them; {@code in::transferTo} is one. */
@FunctionalInterface
public interface BlobContent {
  void writeTo(OutputStream out) throws IOException;
}
