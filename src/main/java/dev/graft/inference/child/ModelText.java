package dev.graft.inference.child;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

final class ModelText implements ChatText {
  ModelText(Path baseModel) {}

  @Override
  public int[] prompt(List<Ask.Turn> messages) {
    throw new UnsupportedOperationException("owner: text");
  }

  @Override
  public String decode(int[] ids) {
    throw new UnsupportedOperationException("owner: text");
  }

  @Override
  public Set<Integer> stopIds() {
    throw new UnsupportedOperationException("owner: text");
  }

  @Override
  public int contextLength() {
    throw new UnsupportedOperationException("owner: text");
  }
}
