package dev.graft.kernels;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.SplittableRandom;

/** Random f64 tensors, for comparisons that leave no room for rounding. */
public final class Tensors implements AutoCloseable {
  private final PtNDManager manager;
  private final SplittableRandom random = new SplittableRandom(7);

  public Tensors() {
    TorchThread.prepare();
    manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
  }

  public PtNDManager manager() {
    return manager;
  }

  public PtNDArray random(long... shape) {
    double[] values = new double[(int) new Shape(shape).size()];
    for (int i = 0; i < values.length; i++) values[i] = random.nextDouble(-1, 1);
    return (PtNDArray) manager.create(values, new Shape(shape));
  }

  /** Between 1 and 3. */
  public PtNDArray positive(long... shape) {
    double[] values = random(shape).toDoubleArray();
    for (int i = 0; i < values.length; i++) values[i] += 2;
    return (PtNDArray) manager.create(values, new Shape(shape));
  }

  public PtNDArray zeros(long... shape) {
    return (PtNDArray) manager.create(new double[(int) new Shape(shape).size()], new Shape(shape));
  }

  public PtNDArray identity(int size) {
    double[] values = new double[size * size];
    for (int i = 0; i < size; i++) values[i * size + i] = 1;
    return (PtNDArray) manager.create(values, new Shape(size, size));
  }

  public PtNDArray indices(long... values) {
    return (PtNDArray) manager.create(values);
  }

  /** {@code at + step * direction}. */
  public PtNDArray moved(PtNDArray at, PtNDArray direction, double step) {
    double[] values = at.toDoubleArray();
    double[] d = direction.toDoubleArray();
    for (int i = 0; i < values.length; i++) values[i] += step * d[i];
    return (PtNDArray) manager.create(values, at.getShape());
  }

  public static double dot(PtNDArray a, PtNDArray b) {
    double[] x = a.toDoubleArray();
    double[] y = b.toDoubleArray();
    double sum = 0;
    for (int i = 0; i < x.length; i++) sum += x[i] * y[i];
    return sum;
  }

  @Override
  public void close() {
    manager.close();
  }
}
