package dev.graft.kernels;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A loaded TorchScript module whose methods accept and return values of any type.
 *
 * <p>DJL's own {@code IValueUtils.forward} knows lists of tensors only, leaks its inputs when the
 * method throws, and its public variant for other types always runs in inference mode. So the
 * native call behind it is taken directly. Every value made for a call is closed, also on errors.
 *
 * <p>A module has methods and no state, so modules of one text on one device share what libtorch
 * compiled; see {@link Program}.
 */
public final class TorchScriptModule implements AutoCloseable {
  private static final MethodHandle RUN_METHOD;
  private static final MethodHandle WRAP;

  static {
    try {
      Class<?> library = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary");
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(library, MethodHandles.lookup());
      MethodType type =
          MethodType.methodType(
              long.class, long.class, String.class, long[].class, boolean.class, boolean.class);
      RUN_METHOD =
          lookup
              .findVirtual(library, "moduleRunMethod", type)
              .bindTo(lookup.findStaticGetter(library, "LIB", library).invoke());
      WRAP =
          MethodHandles.privateLookupIn(IValue.class, MethodHandles.lookup())
              .findConstructor(IValue.class, MethodType.methodType(void.class, long.class));
    } catch (Throwable e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Receives every module and every call, so that tests can repeat the calls elsewhere. */
  interface Observer {
    void loaded(TorchScriptModule module, byte[] archive);

    /**
     * @param arguments stay the caller's, as does the result
     */
    void called(TorchScriptModule module, String method, IValue[] arguments, IValue result);
  }

  static volatile @Nullable Observer observer;

  private final Program program;
  private final PtSymbolBlock block;
  private boolean closed;

  private TorchScriptModule(Program program) {
    this.program = program;
    this.block = (PtSymbolBlock) program.model.getBlock();
  }

  static TorchScriptModule load(byte[] archive, Device device) {
    TorchScriptModule loaded = new TorchScriptModule(Program.use(archive, device));
    Observer watching = observer;
    if (watching != null) watching.loaded(loaded, archive);
    return loaded;
  }

  /** Returns whether this libtorch has every operation of the text. */
  static boolean loads(byte[] archive, Device device) {
    try {
      open(archive, device).close();
      return true;
    } catch (IllegalStateException lacking) {
      return false;
    }
  }

  private static Model open(byte[] archive, Device device) {
    Model model = Model.newInstance("kernels", device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(archive), Map.of());
      // DJL makes an empty directory a model and removes it when the JVM ends; ours are halted.
      Files.deleteIfExists(model.getModelPath());
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      throw new IllegalStateException("the kernel text does not load: " + e.getMessage(), e);
    }
    return model;
  }

  /**
   * A compiled text and how many modules use it. Libtorch compiles for longer than a small model
   * trains a step, and a job loads the same texts for its evaluations and its training, so the
   * {@value #MOST_UNUSED} that were used last stay compiled.
   */
  private static final class Program {
    private static final int MOST_UNUSED = 8;

    private record Key(ByteBuffer archive, Device device) {}

    /** In the order of their last load. */
    private static final Map<Key, Program> COMPILED = new LinkedHashMap<>(16, 0.75f, true);

    private final Model model;
    private int modules;

    private Program(Model model) {
      this.model = model;
    }

    static Program use(byte[] archive, Device device) {
      Key key = new Key(ByteBuffer.wrap(archive), device);
      synchronized (COMPILED) {
        Program program = COMPILED.computeIfAbsent(key, _ -> new Program(open(archive, device)));
        program.modules++;
        return program;
      }
    }

    void leave() {
      synchronized (COMPILED) {
        modules--;
        long unused = COMPILED.values().stream().filter(each -> each.modules == 0).count();
        var oldest = COMPILED.values().iterator();
        while (unused > MOST_UNUSED) {
          Program program = oldest.next();
          if (program.modules > 0) continue;
          program.model.close();
          oldest.remove();
          unused--;
        }
      }
    }
  }

  /**
   * Runs a method and returns its result unopened; tensors in it live until it is closed.
   *
   * @param arguments {@link PtNDArray}, {@code PtNDArray[]} (a list), {@code long[]}, {@code
   *     double[]}, Integer, Long, Double, Boolean, String, or an {@link IValue}, which stays open
   */
  public IValue invoke(String method, Object... arguments) {
    IValue[] values = new IValue[arguments.length];
    int made = 0;
    try {
      for (; made < arguments.length; made++) values[made] = value(arguments[made]);
      long[] handles = new long[values.length];
      for (int i = 0; i < handles.length; i++) handles[i] = values[i].getHandle();
      long module = block.getHandle();
      var result =
          (IValue) WRAP.invoke((long) RUN_METHOD.invokeExact(module, method, handles, true, false));
      Observer watching = observer;
      if (watching != null) watching.called(this, method, values, result);
      return result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      for (int i = 0; i < made; i++) {
        if (!(arguments[i] instanceof IValue)) values[i].close();
      }
    }
  }

  /** Runs a method and hands every tensor of its result, in order, to {@code owner}. */
  public List<PtNDArray> call(PtNDManager owner, String method, Object... arguments) {
    try (IValue result = invoke(method, arguments)) {
      List<PtNDArray> tensors = new ArrayList<>();
      collect(result, owner, tensors);
      return tensors;
    }
  }

  /** Runs a method for its effect on its arguments. */
  public void run(String method, Object... arguments) {
    invoke(method, arguments).close();
  }

  /** A method argument made once and used in many calls; close it after the last. */
  public static IValue value(Object argument) {
    return switch (argument) {
      case PtNDArray tensor -> IValue.from(tensor);
      case PtNDArray[] tensors -> IValue.listFrom(tensors);
      case IValue given -> given;
      case Integer number -> IValue.from(number.longValue());
      case Long number -> IValue.from(number);
      case Double number -> IValue.from(number);
      case Boolean flag -> IValue.from(flag);
      case String text -> IValue.from(text);
      case long[] numbers -> IValue.listFrom(numbers);
      case double[] numbers -> IValue.listFrom(numbers);
      default ->
          throw new IllegalArgumentException("no TorchScript type for " + argument.getClass());
    };
  }

  private static void collect(IValue value, PtNDManager owner, List<PtNDArray> into) {
    if (value.isTensor()) {
      into.add(value.toTensor(owner));
    } else if (value.isTensorList()) {
      into.addAll(Arrays.asList(value.toTensorArray(owner)));
    } else if (value.isTuple() || value.isList()) {
      IValue[] parts = value.isTuple() ? value.toIValueTuple() : value.toIValueArray();
      try {
        for (IValue part : parts) collect(part, owner, into);
      } finally {
        for (IValue part : parts) part.close();
      }
    } else {
      throw new IllegalStateException("a kernel returned " + value.getType() + ", not tensors");
    }
  }

  @Override
  public void close() {
    if (closed) return;
    closed = true;
    program.leave();
  }
}
