package dev.graft.training;

import dev.graft.weights.MappedTensor;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Tensors of a golden case as Java arrays. */
final class GoldenFile implements AutoCloseable {
  private final SafetensorsFile file;
  private final Path path;

  GoldenFile(Path path) {
    this.path = path;
    this.file = SafetensorsFile.open(path);
  }

  List<String> names() {
    return file.names();
  }

  private MappedTensor tensor(String name) {
    MappedTensor found = file.find(name);
    if (found == null) throw new IllegalArgumentException(path.getFileName() + " lacks " + name);
    return found;
  }

  int[] shape(String name) {
    long[] shape = tensor(name).shape();
    int[] sizes = new int[shape.length];
    for (int i = 0; i < sizes.length; i++) sizes[i] = Math.toIntExact(shape[i]);
    return sizes;
  }

  float[] floats(String name) {
    return tensor(name).toFloats();
  }

  /** Whole numbers or others. */
  double[] numbers(String name) {
    return switch (tensor(name).dtype()) {
      case I32 -> Arrays.stream(ints(name)).asDoubleStream().toArray();
      case F32, F16, BF16, F64 -> {
        float[] floats = floats(name);
        double[] numbers = new double[floats.length];
        for (int i = 0; i < numbers.length; i++) numbers[i] = floats[i];
        yield numbers;
      }
      case I64, I8, U8, BOOL ->
          throw new IllegalArgumentException(path.getFileName() + ": " + name + " is not I32");
    };
  }

  int[] ints(String name) {
    return tensor(name).data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
  }

  /** Entry {@code index} of a (.., rows, tokens) tensor. */
  int[][] matrix(String name, int index) {
    int[] shape = shape(name);
    int rows = shape[shape.length - 2];
    int columns = shape[shape.length - 1];
    int[] all = ints(name);
    int[][] matrix = new int[rows][columns];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(all, (index * rows + r) * columns, matrix[r], 0, columns);
    }
    return matrix;
  }

  /** Copies of all tensors. */
  List<NamedTensor> copies() {
    return file.tensors().stream().map(each -> each.named().inMemory()).toList();
  }

  @Override
  public void close() {
    file.close();
  }
}
