package dev.graft.training.kernels;

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
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Writes down every call of every kernel archive that is loaded meanwhile, for {@code
 * quality/fake_cuda.py}: the archives as {@code N.pt}, and {@code calls.jsonl}. A value is a
 * number, or {@code ["tensor", element type, sizes, strides]}, {@code ["list", ...]}, {@code
 * ["tuple", ...]}. Calls that differ in sizes alone are written once.
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

  private final Path directory;
  private final Writer calls;
  private final Map<ByteBuffer, Integer> archives = new HashMap<>();
  private final Map<TorchScriptModule, Integer> modules = new IdentityHashMap<>();
  private final Set<String> written = new HashSet<>();
  private final PtNDManager manager;
  private final TorchScriptModule own;

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

  @Override
  public synchronized void loaded(TorchScriptModule module, byte[] archive) {
    int number = archives.computeIfAbsent(ByteBuffer.wrap(archive), key -> archives.size());
    modules.put(module, number);
    Path file = directory.resolve(number + ".pt");
    try {
      if (!Files.exists(file)) Files.write(file, archive);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void called(
      TorchScriptModule module, String method, IValue[] arguments, IValue result) {
    Integer archive = modules.get(module);
    if (archive == null) return; // from before, or our own
    String call =
        "{\"archive\":%d,\"method\":\"%s\",\"arguments\":[%s],\"result\":%s}"
            .formatted(
                archive,
                method,
                Stream.of(arguments).map(this::json).collect(Collectors.joining(",")),
                json(result));
    if (!written.add(form(call))) return;
    try {
      calls.write(call + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a call has in common with those that differ from it in sizes alone. */
  private static String form(String call) {
    return call.substring(0, call.indexOf("\"result\""))
        .replaceAll("\"list\"(,-?\\d+)+", "numbers")
        .replaceAll("([\\[ ])[1-9]\\d*(?=[,\\]])", "$1n");
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
