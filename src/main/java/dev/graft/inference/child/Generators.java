package dev.graft.inference.child;

import dev.graft.training.Generator;
import java.nio.file.Path;

final class Generators {
  private Generators() {}

  static Generator open(Path baseModel) {
    throw new UnsupportedOperationException("owner: weights");
  }
}
