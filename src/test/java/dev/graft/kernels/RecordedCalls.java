package dev.graft.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Writes down every call of every kernel archive that is loaded meanwhile, for {@code
 * quality/fake_cuda.py}: the archives as {@code N.pt}, and {@code calls.jsonl}. A value is a
 * number, or {@code ["tensor", element type, sizes, strides]}, {@code ["list", ...]}, {@code
 * ["tuple", ...]}. Calls of the same text that differ in sizes alone are written once.
 */
public final class RecordedCalls implements TorchScriptModule.Observer, AutoCloseable {
  private static final String SHAPES =
      """
        def shapes(self: __torch__.Model,
          tensors: List[Tensor]) -> List[int]:
          all = annotate(List[int], [])
          for i in range(torch.len(tensors)):
            _0 = torch.append(all, ops.prim.dtype(tensors[i]))
            _1 = torch.append(all, torch.dim(tensors[i]))
            for j in range(torch.dim(tensors[i])):
              _2 = torch.append(all, torch.size(tensors[i], j))
            for k in range(torch.dim(tensors[i])):
              _3 = torch.append(all, torch.stride(tensors[i], k))
          return all
      """;

  /** A method of a part of a model for the way down. */
  private static final Pattern DOWN =
      Pattern.compile("(\\w+\\d)_(backward|autograd|forward)(_first)?");

  private final Path directory;
  private final Writer calls;
  private final Map<ByteBuffer, Archive> archives = new HashMap<>();
  private final Map<TorchScriptModule, Archive> modules = new IdentityHashMap<>();
  private final Set<String> called = new HashSet<>();
  private final Set<Form> written = new HashSet<>();
  private final PtNDManager manager;
  private final TorchScriptModule own;

  /**
   * @param methods texts by name, see {@link KernelFunctions#in}
   * @param direct names of those that were called
   */
  private record Archive(int number, Map<String, String> methods, Set<String> direct) {
    boolean reached(String name, Set<String> called) {
      if (name.endsWith("_train") || name.endsWith("_decode")) return true;
      Matcher down = DOWN.matcher(name);
      if (!down.matches()) return called.contains(methods.get(name));
      String either = down.group(1) + "_" + down.group(2);
      return !direct.contains(down.group(1) + "_forward")
          || called.contains(methods.get(either))
          || called.contains(methods.get(either + "_first"));
    }
  }

  /** What a call has in common with those that differ from it in sizes alone. */
  private record Form(String text, String arguments) {}

  /** Begins; closing ends it. */
  public RecordedCalls(Path directory) throws IOException {
    this.directory = directory;
    calls = Files.newBufferedWriter(directory.resolve("calls.jsonl"));
    TorchThread.prepare();
    manager = (PtNDManager) NDManager.newBaseManager("PyTorch");
    own = Kernels.load(SHAPES, Device.cpu());
    TorchScriptModule.observer = this;
  }

  /** Different calls so far. */
  public synchronized int size() {
    return written.size();
  }

  /**
   * Methods that no call has reached: {@code NAME in ARCHIVE}. Of the parts of a model this is the
   * way up without dropout, and the way down of those that are on it, with or without the gradient
   * of what is below; the others depend on what trains, and on the task.
   */
  synchronized Set<String> uncalled() {
    Set<String> uncalled = new TreeSet<>();
    for (Archive archive : archives.values()) {
      for (String name : archive.methods().keySet()) {
        if (!archive.reached(name, called)) uncalled.add(name + " in " + archive.number());
      }
    }
    return uncalled;
  }

  /** Texts of methods that were called. */
  synchronized Set<String> called() {
    return Set.copyOf(called);
  }

  @Override
  public synchronized void loaded(TorchScriptModule module, byte[] bytes) {
    Archive archive = archives.computeIfAbsent(ByteBuffer.wrap(bytes), key -> added(bytes));
    modules.put(module, archive);
  }

  private Archive added(byte[] bytes) {
    int number = archives.size();
    try {
      Files.write(directory.resolve(number + ".pt"), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Archive(number, KernelFunctions.in(KernelFunctions.program(bytes)), new HashSet<>());
  }

  @Override
  public synchronized void called(
      TorchScriptModule module, String method, IValue[] arguments, IValue result) {
    Archive archive = modules.get(module);
    if (archive == null) return; // from before, or our own
    String text = Objects.requireNonNull(archive.methods().get(method), method);
    called.add(text);
    archive.direct().add(method);
    String given = Stream.of(arguments).map(this::json).collect(Collectors.joining(","));
    if (!written.add(new Form(text, form("[" + given + "]")))) return;
    try {
      calls.write(
          "{\"archive\":%d,\"method\":\"%s\",\"arguments\":[%s],\"result\":%s}\n"
              .formatted(archive.number(), method, given, json(result)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Without sizes: every number but 0 in a list, and what is too large for an element type. */
  private static String form(String arguments) {
    return arguments
        .replaceAll("\"list\"(,-?\\d+)+", "numbers")
        .replaceAll("(?<=\\[| )[1-9]\\d*(?=[,\\]])", "n")
        .replaceAll("(?<=,)(1[6-9]|[2-9]\\d|[1-9]\\d{2,})(?=[,\\]])", "n");
  }

  private String json(IValue value) {
    if (value.isTensor()) return tensors(value.toTensor(manager)).getFirst();
    if (value.isTensorList()) return json("list", tensors(value.toTensorArray(manager)));
    if (value.isLongList()) return json("list", LongStream.of(value.toLongArray()).boxed());
    if (value.isDoubleList()) {
      return json("list", Arrays.stream(value.toDoubleArray()).boxed());
    }
    if (value.isTuple()) return json("tuple", value.toIValueTuple());
    if (value.isList()) return json("list", value.toIValueArray());
    if (value.isBoolean()) return String.valueOf(value.toBoolean());
    if (value.isString()) return "\"" + value.toStringValue() + "\"";
    if (value.isLong()) return String.valueOf(value.toLong());
    if (value.isDouble()) return String.valueOf(value.toDouble());
    throw new IllegalArgumentException("cannot write down a " + value.getType());
  }

  private String json(String kind, IValue... parts) {
    List<String> all = new ArrayList<>();
    for (IValue part : parts) {
      try (part) {
        all.add(json(part));
      }
    }
    return json(kind, all);
  }

  private static String json(String kind, Stream<?> parts) {
    return json(kind, parts.map(String::valueOf).toList());
  }

  private static String json(String kind, List<String> parts) {
    return Stream.concat(Stream.of("\"" + kind + "\""), parts.stream())
        .collect(Collectors.joining(",", "[", "]"));
  }

  private List<String> tensors(PtNDArray... tensors) {
    long[] numbers;
    try (IValue shapes = own.invoke("shapes", (Object) tensors)) {
      numbers = shapes.toLongArray();
    }
    for (PtNDArray each : tensors) each.close();
    List<String> all = new ArrayList<>();
    for (int at = 0; at < numbers.length; ) {
      int rank = (int) numbers[at + 1];
      long[] sizes = Arrays.copyOfRange(numbers, at + 2, at + 2 + rank);
      long[] strides = Arrays.copyOfRange(numbers, at + 2 + rank, at + 2 + 2 * rank);
      all.add(
          "[\"tensor\",%d,%s,%s]"
              .formatted(numbers[at], Arrays.toString(sizes), Arrays.toString(strides)));
      at += 2 + 2 * rank;
    }
    return all;
  }

  @Override
  public synchronized void close() throws IOException {
    TorchScriptModule.observer = null;
    own.close();
    manager.close();
    calls.close();
  }
}
