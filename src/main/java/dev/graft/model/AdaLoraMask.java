package dev.graft.model;

import dev.graft.weights.NamedTensor;
import java.util.Collections;
import java.util.List;

/** Takes the ranks that are left out of a matrix. */
record AdaLoraMask(List<Boolean> left) {
  public AdaLoraMask {
    left = List.copyOf(left);
  }

  private int count() {
    return Collections.frequency(left, true);
  }

  public NamedTensor rows(NamedTensor matrix) {
    int width = (int) matrix.shape()[1];
    float[] all = matrix.toFloats();
    float[] some = new float[count() * width];
    int row = 0;
    for (int r = 0; r < left.size(); r++) {
      if (left.get(r)) System.arraycopy(all, r * width, some, row++ * width, width);
    }
    return NamedTensor.of(matrix.name(), some, count(), width);
  }

  public NamedTensor columns(NamedTensor matrix) {
    int height = (int) matrix.shape()[0];
    float[] all = matrix.toFloats();
    float[] some = new float[height * count()];
    int n = 0;
    for (int i = 0; i < all.length; i++) if (left.get(i % left.size())) some[n++] = all[i];
    return NamedTensor.of(matrix.name(), some, height, count());
  }
}
