package dev.graft.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.TorchContext;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.kernels.TorchThread;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Long-lived tensors of one device, and their transfer from and to bytes. Closing frees every
 * tensor that it created.
 */
public final class DeviceMemory implements AutoCloseable {
  /** Torch's number of the element type. */
  public static final int F32 = 6;

  private final Device device;
  private final String name;
  private final PtNDManager manager;
  private final TorchScriptModule module;
  private final PtNDArray like;
  private @Nullable MemorySegment staging;

  private DeviceMemory(Device device, String name, PtNDManager manager, TorchScriptModule module) {
    this.device = device;
    this.name = name;
    this.manager = manager;
    this.module = module;
    like = (PtNDArray) manager.create(0f); // tensors created from it are on the device, too
  }

  /** Opens the device and creates a model on it; closes the device only if that fails. */
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
   * Opens the device for the current thread, its only user except lanes that run inside a call.
   *
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if this machine does not have it
   */
  public static DeviceMemory open(Execution execution) {
    TorchThread.prepare(execution.threads());
    Device device = TorchContext.device(execution.device());
    if (device.isGpu()) TorchContext.repeatBits();
    PtNDManager manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    return new DeviceMemory(device, execution.device(), manager, Kernels.load(device));
  }

  public Device device() {
    return device;
  }

  /** Tensors for one step: close it with them. */
  public PtNDManager scope() {
    return (PtNDManager) manager.newSubManager();
  }

  /**
   * Loads a copy of stored weights.
   *
   * @param rounded element type that their numbers are rounded to, F32, BF16 or F16
   * @param result element type of the copy: that, or F32
   */
  PtNDArray load(MappedTensor tensor, Dtype rounded, Dtype result) {
    return load(tensor.named(), kind(rounded), kind(result));
  }

  /** Loads a copy: floating point as f32, integers as they are. */
  public PtNDArray load(NamedTensor tensor) {
    int kind =
        switch (tensor.dtype()) {
          case F64, F32, F16, BF16 -> F32;
          case I64, I32, I8, U8, BOOL -> kind(tensor.dtype());
        };
    return load(tensor, kind, kind);
  }

  /** Loads a copy of floating point numbers in f32, rounded to another type, F32, BF16 or F16. */
  PtNDArray load(NamedTensor tensor, Dtype rounded) {
    return load(tensor, kind(rounded), F32);
  }

  private PtNDArray load(NamedTensor tensor, int rounded, int result) {
    PtNDArray copy = empty(tensor.shape(), result);
    fill(copy, tensor, rounded);
    return copy;
  }

  /**
   * Returns a transposed copy of a matrix. libtorch transposes a matrix with one thread, but a
   * tensor of three dimensions with all of them.
   */
  PtNDArray turned(PtNDArray matrix) {
    return call(manager, "turned_copy", matrix);
  }

  /** Returns a tensor that is not filled; the kind is torch's number of the element type. */
  PtNDArray empty(long[] shape, int kind) {
    return call(manager, "empty", like, shape, kind);
  }

  /** Overwrites a tensor with as many floating point numbers, which may be its own. */
  public void fill(PtNDArray tensor, NamedTensor numbers) {
    fill(tensor, numbers, F32);
  }

  /**
   * Fills slice by slice, so that neither the heap nor the device holds the numbers twice. Native
   * memory is copied without a detour.
   *
   * @param rounded torch's number of the element type that they are rounded to first
   */
  private void fill(PtNDArray tensor, NamedTensor numbers, int rounded) {
    TensorData data = numbers.data();
    int size = numbers.dtype().bytes();
    for (long at = 0; at < data.byteSize(); at += TensorData.SLICE) {
      long length = Math.min(TensorData.SLICE, data.byteSize() - at);
      MemorySegment slice;
      if (data instanceof TensorData.Memory(MemorySegment bytes) && bytes.isNative()) {
        slice = bytes.asSlice(at, length);
      } else {
        slice = staging().asSlice(0, length);
        data.copyTo(at, slice);
      }
      try (PtNDArray raw = over(slice, DataType.UINT8, 1, device)) {
        run("fill", tensor, at / size, raw, kind(numbers.dtype()), size, rounded);
      }
      if (slice.isMapped()) slice.unload(); // the file's pages would count beside the copy
    }
  }

  /**
   * Copies numbers of a tensor to the host, as f32.
   *
   * @param from byte of the first of them
   */
  void read(PtNDArray tensor, long from, MemorySegment into) {
    for (long at = 0; at < into.byteSize(); at += TensorData.SLICE) {
      long length = Math.min(TensorData.SLICE, into.byteSize() - at);
      MemorySegment slice = into.isNative() ? into.asSlice(at, length) : staging();
      try (PtNDArray host =
          over(slice.asSlice(0, length), DataType.FLOAT32, Float.BYTES, Device.cpu())) {
        run("read", host, tensor, (from + at) / Float.BYTES);
      }
      if (!into.isNative()) MemorySegment.copy(slice, 0, into, at, length);
    }
  }

  /**
   * Copies tensors from the host together, see {@link Upload}.
   *
   * @param size of them in 8-byte elements
   * @param write writes that many elements
   * @param tables of the device that the layout refers to
   */
  List<PtNDArray> upload(
      PtNDManager scope,
      long size,
      Consumer<MemorySegment> write,
      long[] layout,
      PtNDArray[] tables) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = arena.allocate(Math.multiplyExact(size, Long.BYTES), Long.BYTES);
      write.accept(room);
      try (PtNDArray host = over(room, DataType.INT64, Long.BYTES, Device.cpu())) {
        return tables.length == 0
            ? module.call(scope, "upload", host, name, device.isGpu(), layout)
            : module.call(scope, "upload_rows", host, name, device.isGpu(), layout, tables);
      }
    }
  }

  /** Returns host memory for slices in transfer. */
  private MemorySegment staging() {
    if (staging == null) {
      staging = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(TensorData.SLICE));
    }
    return staging;
  }

  /** Returns memory as a tensor: the memory itself on the host, else a copy of it. */
  private PtNDArray over(MemorySegment memory, DataType type, int bytes, Device where) {
    return JniUtils.createNdFromByteBuffer(
        manager,
        memory.asByteBuffer(),
        new Shape(memory.byteSize() / bytes),
        type,
        SparseFormat.DENSE,
        where);
  }

  /** Returns torch's number of an element type. */
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

  public PtNDArray zeros(long... shape) {
    return call(manager, "zeros", like, shape);
  }

  /** Returns a view of consecutive elements. */
  public PtNDArray part(PtNDArray flat, long start, long... shape) {
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return call(manager, "part", flat, start, shape, size);
  }

  /**
   * Returns many views of consecutive elements at once.
   *
   * @param layout of each view: its start, the number of its dimensions, and their sizes
   */
  public List<PtNDArray> parts(PtNDArray flat, long[] layout) {
    return module.call(manager, "parts", flat, layout);
  }

  PtNDArray copyOf(PtNDArray tensor) {
    return call(manager, "copy_of", tensor);
  }

  /** Returns a view of consecutive columns. */
  public PtNDArray columns(PtNDArray matrix, long start, long count) {
    return call(manager, "columns", matrix, start, count);
  }

  /** Overwrites a tensor with one of as many elements. */
  public void copy(PtNDArray into, PtNDArray from) {
    run("copy", into, from);
  }

  public void zero(PtNDArray tensor) {
    run("zero", tensor);
  }

  /**
   * Runs a method that belongs to no program and hands the one tensor of its result to an owner.
   */
  PtNDArray call(PtNDManager owner, String method, Object... arguments) {
    return module.call(owner, method, arguments).getFirst();
  }

  /** Runs a method that belongs to no program for its effect on its arguments. */
  void run(String method, Object... arguments) {
    module.run(method, arguments);
  }

  /** Returns the methods that belong to no program: optimiser, copies. */
  public TorchScriptModule module() {
    return module;
  }

  /** Returns the number of open arrays and scopes, which is constant from step to step. */
  public int liveArrays() {
    return manager.getManagedArrays().size();
  }

  /** Returns a tensor as f32 whose numbers are read at each access. */
  public NamedTensor named(String name, PtNDArray tensor) {
    return new NamedTensor(
        name, Dtype.F32, tensor.getShape().getShape(), new DeviceNumbers(this, tensor));
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }

  /** The numbers of a tensor as f32, read when they are copied. */
  private record DeviceNumbers(DeviceMemory memory, PtNDArray tensor) implements TensorData {
    @Override
    public long byteSize() {
      return tensor.getShape().size() * Float.BYTES;
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      memory.read(tensor, from, into);
    }
  }

  /**
   * Tensors of a device as a list. Elements are read at each access, because all parameters of a
   * model and their moments exceed the heap.
   */
  static final class DeviceTensors extends AbstractList<NamedTensor> implements RandomAccess {
    private final DeviceMemory memory;
    private final List<Map.Entry<String, PtNDArray>> tensors;

    public DeviceTensors(DeviceMemory memory, List<Map.Entry<String, PtNDArray>> tensors) {
      this.memory = memory;
      this.tensors = List.copyOf(tensors);
    }

    /** Returns these tensors followed by others of the same device. */
    public DeviceTensors and(DeviceTensors others) {
      return new DeviceTensors(
          memory, Stream.concat(tensors.stream(), others.tensors.stream()).toList());
    }

    @Override
    public NamedTensor get(int index) {
      Map.Entry<String, PtNDArray> each = tensors.get(index);
      return memory.named(each.getKey(), each.getValue());
    }

    @Override
    public int size() {
      return tensors.size();
    }
  }

  /** Tensors of a device by name, which can be read and filled. */
  record TensorTable(DeviceMemory memory, Map<String, PtNDArray> tensors) {
    public DeviceTensors read() {
      return new DeviceTensors(memory, List.copyOf(tensors.entrySet()));
    }

    /** Returns the given tensors whose names are in this table. */
    public List<NamedTensor> among(List<NamedTensor> given) {
      return given.stream().filter(each -> tensors.containsKey(each.name())).toList();
    }

    /** Returns the given tensors whose names are not in this table. */
    public List<NamedTensor> without(List<NamedTensor> given) {
      return given.stream().filter(each -> !tensors.containsKey(each.name())).toList();
    }

    /**
     * Fills all tensors. Each must be given exactly once with its shape, else nothing is changed.
     */
    public void fill(List<NamedTensor> given) {
      Map<String, NamedTensor> byName = new LinkedHashMap<>();
      for (NamedTensor tensor : given) {
        PtNDArray target = tensors.get(tensor.name());
        if (target == null) {
          throw new IllegalArgumentException("tensor " + tensor.name() + " is unknown");
        }
        long[] shape = target.getShape().getShape();
        if (!Arrays.equals(shape, tensor.shape())) {
          throw new IllegalArgumentException(
              "tensor %s has shape %s, not %s"
                  .formatted(
                      tensor.name(), Arrays.toString(tensor.shape()), Arrays.toString(shape)));
        }
        if (byName.put(tensor.name(), tensor) != null) {
          throw new IllegalArgumentException("tensor " + tensor.name() + " is given twice");
        }
      }
      for (String name : tensors.keySet()) {
        if (!byName.containsKey(name)) {
          throw new IllegalArgumentException("tensor " + name + " is missing");
        }
      }
      byName.forEach(
          (name, tensor) -> memory.fill(Objects.requireNonNull(tensors.get(name)), tensor));
    }
  }

  /**
   * Arrays of the host that are copied to the device at once, without waiting. The methods that add
   * an array return its index in the result of {@link #send}.
   */
  static final class Upload {
    /** Alignment of arrays in elements of 8 bytes: a cache line. */
    private static final int ALIGNMENT = 8;

    private static final int I32 = 3;
    private static final int I64 = 4;
    private static final int F32 = 6;
    private static final int F64 = 7;

    /** Marks rows of a table in place of an element type. */
    private static final int ROWS = -1;

    private final List<Numbers> numbers = new ArrayList<>();
    private final List<PtNDArray> tables = new ArrayList<>();

    /** As kernel {@code model.upload} reads it. */
    private final LongStream.Builder layout = LongStream.builder();

    private int parts;
    private long size;

    /**
     * @param at index of its first 8-byte element
     */
    private record Numbers(Object values, long at) {
      void write(MemorySegment into) {
        MemorySegment from =
            switch (values) {
              case long[] longs -> MemorySegment.ofArray(longs);
              case int[] ints -> MemorySegment.ofArray(ints);
              case double[] doubles -> MemorySegment.ofArray(doubles);
              default -> MemorySegment.ofArray((float[]) values);
            };
        MemorySegment.copy(from, 0, into, at * Long.BYTES, from.byteSize());
      }
    }

    public int add(long[] values, long... shape) {
      return add(values, values.length, I64, shape);
    }

    /** In i32. */
    public int add(int[] values, long... shape) {
      return add(values, Math.ceilDiv(values.length, 2), I32, shape);
    }

    /** In f32. */
    public int add(float[] values, long... shape) {
      return add(values, Math.ceilDiv(values.length, 2), F32, shape);
    }

    /** In f64. */
    public int add(double[] values, long... shape) {
      return add(values, values.length, F64, shape);
    }

    private int add(Object values, int elements, int kind, long... shape) {
      numbers.add(new Numbers(values, size));
      layout.add(size).add(kind).add(shape.length);
      for (long each : shape) layout.add(each);
      size += Math.ceilDiv(elements, ALIGNMENT) * (long) ALIGNMENT;
      return parts++;
    }

    /**
     * Adds rows of a table on the device.
     *
     * @param which index of the row numbers, which were added before as i64
     */
    public int rows(PtNDArray table, int which) {
      tables.add(table);
      layout.add(which).add(ROWS).add(tables.size() - 1L);
      return parts++;
    }

    /**
     * @param scope owner of the tensors
     */
    public List<PtNDArray> send(DeviceMemory memory, PtNDManager scope) {
      return memory.upload(
          scope,
          size,
          into -> numbers.forEach(each -> each.write(into)),
          layout.build().toArray(),
          tables.toArray(PtNDArray[]::new));
    }
  }

  /**
   * Numbers that stay on the device until one of them is needed; then all are read, so that the
   * host waits for the device once.
   */
  static final class Readout {
    private final DeviceMemory memory;
    private final PtNDManager manager;
    private final List<Numbers> waiting = new ArrayList<>();

    /**
     * @param memory frees the remaining numbers when it closes
     */
    public Readout(DeviceMemory memory) {
      this.memory = memory;
      manager = memory.scope();
    }

    /** The numbers of one tensor. */
    public final class Numbers {
      private final PtNDArray tensor;
      private float @Nullable [] values;

      private Numbers(PtNDArray tensor) {
        this.tensor = tensor;
      }

      /** Returns the numbers in order, as f32; truth values are 1 and 0. */
      public float[] values() {
        if (values == null) read();
        if (values == null) throw new IllegalStateException("these numbers were discarded");
        return values;
      }
    }

    /**
     * Adds a tensor; thread-safe.
     *
     * @param tensor owned by this object from now on
     */
    public synchronized Numbers add(PtNDArray tensor) {
      tensor.attach(manager);
      Numbers added = new Numbers(tensor);
      waiting.add(added);
      return added;
    }

    /** Returns whether a pending number is not finite: 1 or 0, (), on the device. */
    public PtNDArray nonfinite() {
      return memory.call(manager, "nonfinite", (Object) tensors());
    }

    private PtNDArray[] tensors() {
      return waiting.stream().map(each -> each.tensor).toArray(PtNDArray[]::new);
    }

    private void read() {
      if (waiting.isEmpty()) return;
      float[] all;
      try (PtNDManager scope = memory.scope()) {
        all = memory.call(scope, "joined", (Object) tensors()).toFloatArray();
      }
      int at = 0;
      for (Numbers each : waiting) {
        int end = at + (int) each.tensor.getShape().size();
        each.values = Arrays.copyOfRange(all, at, end);
        at = end;
      }
      forget();
    }

    /** Discards numbers that have not been read. */
    public void forget() {
      for (Numbers each : waiting) each.tensor.close();
      waiting.clear();
    }
  }
}
