package dev.graft.training.model.device;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.training.Execution;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.TorchDevices;
import dev.graft.training.kernels.TorchScriptModule;
import dev.graft.training.kernels.TorchThread;
import dev.graft.weights.checkpoint.MappedTensor;
import dev.graft.weights.tensor.Dtype;
import dev.graft.weights.tensor.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Long-lived tensors of one device and the way between them and bytes. Closing frees every tensor
 * it gave.
 */
public final class DeviceMemory implements AutoCloseable {
  private static final int F32 = 6;

  private final Device device;
  private final PtNDManager manager;
  private final TorchScriptModule module;

  private DeviceMemory(Device device, PtNDManager manager, TorchScriptModule module) {
    this.device = device;
    this.manager = manager;
    this.module = module;
  }

  /**
   * Opens the device for the current thread, which becomes its only user, and makes what lives on
   * it; closed here only where that fails.
   */
  public static <T> T open(Execution execution, Function<DeviceMemory, T> model) {
    DeviceMemory memory = open(execution);
    try {
      return model.apply(memory);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /**
   * Opens the device for the current thread, which becomes its only user.
   *
   * @throws IllegalStateException if this machine does not have it
   */
  public static DeviceMemory open(Execution execution) {
    TorchThread.prepare(execution.threads());
    Device device = TorchDevices.of(execution.device());
    PtNDManager manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    return new DeviceMemory(device, manager, Kernels.load("", device));
  }

  public Device device() {
    return device;
  }

  /** Tensors for one step: close it with them. */
  public PtNDManager scope() {
    return (PtNDManager) manager.newSubManager();
  }

  /** A copy of stored weights as f32. */
  public PtNDArray load(MappedTensor tensor) {
    return load(tensor, Dtype.F32, Dtype.F32);
  }

  /**
   * A copy of stored weights.
   *
   * @param rounded element type that their numbers are rounded to, F32 or BF16
   * @param result element type of the copy: that, or F32
   */
  PtNDArray load(MappedTensor tensor, Dtype rounded, Dtype result) {
    PtNDArray loaded = materialise(tensor.data(), tensor.dtype(), tensor.shape(), kind(rounded));
    if (rounded == result) return loaded;
    try (loaded) {
      return wide(loaded);
    }
  }

  /** A copy in f32 of what lies in bf16. */
  PtNDArray wide(PtNDArray tensor) {
    return module.call(manager, "wide", tensor).getFirst();
  }

  /** A copy: floating point as f32, whole numbers as they are. */
  public PtNDArray load(NamedTensor tensor) {
    ByteBuffer direct = ByteBuffer.allocateDirect(tensor.data().remaining());
    direct.put(tensor.data().duplicate()).flip();
    int result =
        switch (tensor.dtype()) {
          case F64, F32, F16, BF16 -> F32;
          case I64, I32, I8, U8, BOOL -> kind(tensor.dtype());
        };
    return materialise(MemorySegment.ofBuffer(direct), tensor.dtype(), tensor.shape(), result);
  }

  /** A copy of floating point numbers in f32, rounded to another type, F32 or BF16. */
  PtNDArray load(NamedTensor tensor, Dtype rounded) {
    if (rounded == Dtype.F32) return load(tensor);
    ByteBuffer direct = ByteBuffer.allocateDirect(tensor.data().remaining());
    direct.put(tensor.data().duplicate()).flip();
    MemorySegment data = MemorySegment.ofBuffer(direct);
    try (PtNDArray narrow = materialise(data, tensor.dtype(), tensor.shape(), kind(rounded))) {
      return wide(narrow);
    }
  }

  /** Torch's number of an element type. */
  static int kind(Dtype dtype) {
    return switch (dtype) {
      case U8 -> 0;
      case I8 -> 1;
      case I32 -> 3;
      case I64 -> 4;
      case F16 -> 5;
      case F32 -> F32;
      case F64 -> 7;
      case BOOL -> 11;
      case BF16 -> 15;
    };
  }

  /**
   * @param result torch's number of the element type of the copy
   */
  private PtNDArray materialise(MemorySegment data, Dtype dtype, long[] shape, int result) {
    int kind = kind(dtype);
    // Only the address of the buffer is used, so that a tensor may be longer than a buffer.
    ByteBuffer address = data.asSlice(0, Math.min(1, data.byteSize())).asByteBuffer();
    try (PtNDArray raw =
        JniUtils.createNdFromByteBuffer(
            manager,
            address,
            new Shape(data.byteSize()),
            DataType.UINT8,
            SparseFormat.DENSE,
            device)) {
      return module
          .call(manager, "materialise", raw, kind, dtype.bytes(), shape, result)
          .getFirst();
    }
  }

  public PtNDArray zeros(long size) {
    try (PtNDArray like = (PtNDArray) manager.create(0f)) {
      return module.call(manager, "zeros", like, size).getFirst();
    }
  }

  public PtNDArray zeros(long... shape) {
    try (PtNDArray flat = zeros(Arrays.stream(shape).reduce(1, Math::multiplyExact))) {
      return part(flat, 0, shape);
    }
  }

  /** A view of consecutive elements. */
  public PtNDArray part(PtNDArray flat, long start, long... shape) {
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return module.call(manager, "part", flat, start, shape, size).getFirst();
  }

  PtNDArray copyOf(PtNDArray tensor) {
    return module.call(manager, "copy_of", tensor).getFirst();
  }

  /** A view of consecutive columns. */
  public PtNDArray columns(PtNDArray matrix, long start, long count) {
    return module.call(manager, "columns", matrix, start, count).getFirst();
  }

  /** Overwrites a tensor by one of as many elements. */
  public void copy(PtNDArray into, PtNDArray from) {
    module.run("copy", into, from);
  }

  public void zero(PtNDArray tensor) {
    module.run("zero", tensor);
  }

  /** The methods that belong to no program: optimiser, copies. */
  public TorchScriptModule module() {
    return module;
  }

  /** Arrays and scopes that are not closed: constant from step to step. */
  public int liveArrays() {
    return manager.getManagedArrays().size();
  }

  /** A copy as bytes. */
  public static NamedTensor read(String name, PtNDArray tensor) {
    ByteBuffer memory = tensor.toByteBuffer(true);
    ByteBuffer copy = ByteBuffer.allocate(memory.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    copy.put(memory).flip();
    return new NamedTensor(name, Dtype.F32, tensor.getShape().getShape(), copy);
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
