package dev.graft.kernels;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes the TorchScript methods of a layer from its statements. {@code <name>} is the program's
 * name; every method reads {@code w}, the tensors in the order of {@link LayerTensors#names},
 * {@code c}, the tensors of {@link BatchContext}, and {@code chunks} and {@code windowed}, how
 * attention goes over the tokens without and with a window.
 *
 * <ul>
 *   <li>{@code <name>_forward(x, w, c, chunks, windowed) -> (y, saved)}, with dropout
 *   <li>{@code <name>_backward(g, saved, w, gradients, c, chunks, windowed) -> dx}: uses up g, adds
 *       to the gradients
 *   <li>{@code <name>_backward_first(...)}: the same without dx, for the lowest layer that trains
 *   <li>where tokens pass keys and values to later tokens, both in two parts, see {@link CutLayer}
 *   <li>{@code <name>_train(x, w, c, chunks, windowed) -> y}: forward only, where a statement has
 *       dropout
 *   <li>{@code <name>_infer(x, w, c, chunks, windowed) -> y}
 *   <li>{@code <name>_inputs(x, w, c, chunks, windowed) -> (y, values)}: inference, with some of
 *       its intermediate values
 *   <li>{@code <name>_decode(x, w, c, chunks, windowed, keys, values, past) -> y}: with the keys
 *       and values of earlier tokens; an embedding's has no arguments keys and values
 *   <li>{@code <name>_autograd(g, x, w, gradients, c, chunks, windowed) -> dx}: backward by
 *       autograd over the plain definitions, the check of everything else
 *   <li>{@code <name>_autograd_first(...)}: the same without dx
 * </ul>
 */
public final class LayerProgram {
  public static final String INPUT = "x";
  static final String BATCH = "c: List[Tensor], chunks: List[int], windowed: List[int]";
  static final String READ = "w: List[Tensor], " + BATCH;
  private static final String CACHE = ", keys: Tensor, values: Tensor";

  private final String name;
  private final List<Statement> statements;
  private final LayerTensors tensors;

  /**
   * @param tensors those of the statements
   */
  public LayerProgram(String name, List<Statement> statements, LayerTensors tensors) {
    this.name = name;
    this.statements = List.copyOf(statements);
    this.tensors = tensors;
  }

  /** All methods of a layer from hidden states to hidden states, indented as members of a class. */
  public String methods() {
    String whole = infer() + train() + decode(CACHE) + training(true);
    return whole + CutLayer.of(this, statements).map(CutLayer::methods).orElse("");
  }

  /** Methods of a program that is not repeated for later tokens: the head. */
  public String methodsOfHead() {
    return infer() + training(true);
  }

  /** Methods of a program whose input has no gradient and is not in the cache: the embedding. */
  public String methodsOfEmbedding() {
    return infer() + train() + decode("") + (tensors.trained().isEmpty() ? "" : training(false));
  }

  /**
   * Writes the method that returns values of inference, each at the picked rows, in f32.
   *
   * @param values inputs of linear layers
   */
  public String inputs(List<String> values) {
    LayerText text = text(false);
    Set<String> shown = new HashSet<>();
    for (Statement each : statements) {
      for (String value : each.inputs()) {
        if (!values.contains(value) || !shown.add(value)) continue;
        text.line(
            "shown_%s = torch.to(torch.index_select(%s, 0, %s), 6)",
            value, value, BatchContext.PICKED.reference());
      }
      each.forward(text);
    }
    String all = values.stream().map(each -> "shown_" + each).collect(Collectors.joining(", "));
    return method(
        "inputs",
        "x: Tensor, " + READ,
        "Tuple[Tensor, List[Tensor]]",
        text.lines() + "    return (%s, [%s])\n".formatted(output(), all));
  }

  /** Returns the line that unpacks a tuple into named variables. */
  static String unpacked(Collection<String> names, String tuple) {
    if (names.isEmpty()) return "";
    return "    %s, = %s\n".formatted(String.join(", ", names), tuple);
  }

  private String training(boolean inputGradient) {
    String text = forward(inputGradient);
    if (inputGradient) text += backward(true, true) + autograd(true);
    if (trains()) text += backward(inputGradient, false) + autograd(false);
    return text;
  }

  LayerText text(boolean training) {
    Map<String, Statement> cheap =
        statements.stream()
            .filter(Statement::cheap)
            .collect(Collectors.toMap(Statement::output, Function.identity()));
    return new LayerText(tensors, training, cheap, spent());
  }

  /** Returns the values that only one statement reads and that backward does not keep. */
  private Set<String> spent() {
    Map<String, Long> readers =
        statements.stream()
            .flatMap(each -> each.inputs().stream())
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    return statements.stream()
        .filter(each -> each.fresh() && readers.getOrDefault(each.output(), 0L) == 1)
        .map(Statement::output)
        .collect(Collectors.toSet());
  }

  String output() {
    return statements.getLast().output();
  }

  /** Returns the values that backward needs, with their types. */
  Map<String, String> saved(boolean inputGradient) {
    return writeBackward(inputGradient).saved();
  }

  private LayerText writeBackward(boolean inputGradient) {
    LayerText text = beginBackward(inputGradient);
    down(statements, text);
    return text;
  }

  /**
   * Returns text that has the gradient of the output and knows which other gradients are needed.
   */
  LayerText beginBackward(boolean inputGradient) {
    LayerText text = text(true);
    if (inputGradient) text.need(INPUT);
    for (Statement each : statements) {
      if (each.trains(text)) text.need(each.output());
    }
    text.add(output(), "g");
    return text;
  }

  static void down(List<Statement> statements, LayerText text) {
    for (Statement each : statements.reversed()) {
      if (text.needsGradient(each.output())) each.backward(text);
    }
  }

  boolean trains() {
    return !tensors.trained().isEmpty();
  }

  private String forward(boolean inputGradient) {
    Map<String, String> saved = saved(inputGradient);
    LayerText text = text(true);
    statements.forEach(each -> each.forward(text));
    String values = String.join(", ", saved.keySet());
    return method(
        "forward",
        "x: Tensor, " + READ,
        "Tuple[Tensor, %s]".formatted(types(saved)),
        text.lines() + "    return (%s, (%s,))\n".formatted(output(), values));
  }

  /**
   * @param savesForInput what forward was written for
   */
  private String backward(boolean savesForInput, boolean inputGradient) {
    Map<String, String> saved = saved(savesForInput);
    LayerText text = writeBackward(inputGradient);
    String result = inputGradient ? text.take(INPUT) : "0";
    return method(
        inputGradient ? "backward" : "backward_first",
        "g: Tensor, saved: %s, w: List[Tensor], gradients: List[Tensor], ".formatted(types(saved))
            + BATCH,
        inputGradient ? "Tensor" : "int",
        unpacked(saved.keySet(), "saved") + text.lines() + "    return %s\n".formatted(result));
  }

  private String infer() {
    return forwardOnly("infer", false);
  }

  /**
   * Writes the forward pass of layers below all that trains: nothing is saved, but dropout applies.
   */
  private String train() {
    boolean drops = statements.stream().anyMatch(Statement::drops);
    return drops ? forwardOnly("train", true) : "";
  }

  private String forwardOnly(String suffix, boolean training) {
    LayerText text = text(training);
    statements.forEach(each -> each.forward(text));
    return method(
        suffix,
        "x: Tensor, " + READ,
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String decode(String cache) {
    LayerText text = text(false);
    statements.forEach(each -> each.decode(text));
    return method(
        "decode",
        "x: Tensor, " + READ + cache + ", past: int",
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String autograd(boolean inputGradient) {
    LayerText text = new LayerText(tensors.definition(), true, Map.of(), Set.of());
    statements.forEach(each -> each.reference(text));
    StringBuilder body = new StringBuilder();
    body.append("    _a = torch.set_grad_enabled(True)\n");
    body.append(
        inputGradient
            ? "    x = torch.requires_grad_(torch.detach(x0), True)\n"
            : "    x = torch.detach(x0)\n");
    body.append("    w = annotate(List[Tensor], [])\n");
    body.append("    leaves = annotate(List[Tensor], [%s])\n".formatted(inputGradient ? "x" : ""));
    for (int i = 0; i < tensors.names().size(); i++) leaf(body, i);
    body.append(text.lines());
    body.append(
        "    d = torch.autograd.grad([%s], leaves, annotate(List[Optional[Tensor]], [g]), False, False, False)\n"
            .formatted(output()));
    body.append("    _e = torch.set_grad_enabled(False)\n");
    int first = inputGradient ? 1 : 0;
    for (int i = 0; i < tensors.trained().size(); i++) {
      body.append(
          "    _f%d = torch.add_(gradients[%d], unchecked_cast(Tensor, d[%d]))\n"
              .formatted(i, i, i + first));
    }
    body.append("    return %s\n".formatted(inputGradient ? "unchecked_cast(Tensor, d[0])" : "0"));
    return method(
        inputGradient ? "autograd" : "autograd_first",
        "g: Tensor, x0: Tensor, w0: List[Tensor], gradients: List[Tensor], " + BATCH,
        inputGradient ? "Tensor" : "int",
        body.toString());
  }

  private void leaf(StringBuilder body, int i) {
    boolean trained = tensors.trained().contains(tensors.names().get(i));
    if (!trained) {
      body.append("    _b%d = torch.append(w, w0[%d])\n".formatted(i, i));
      return;
    }
    body.append("    t%d = torch.requires_grad_(torch.detach(w0[%d]), True)\n".formatted(i, i));
    body.append("    _b%d = torch.append(w, t%d)\n".formatted(i, i));
    body.append("    _c%d = torch.append(leaves, t%d)\n".formatted(i, i));
  }

  static String types(Map<String, String> saved) {
    return saved.values().stream().collect(Collectors.joining(", ", "Tuple[", "]"));
  }

  String method(String suffix, String arguments, String result, String body) {
    return "  def %s_%s(self: __torch__.Model,\n    %s) -> %s:\n%s"
        .formatted(name, suffix, arguments.replace(", ", ",\n    "), result, body);
  }

  /**
   * Writes the forward and backward methods of a layer in two parts, for lanes of tokens: the
   * statements before attention, and attention with those after it. Lanes of equal length then need
   * each other's results at the same time. {@code <name>} and arguments as in {@link LayerProgram};
   * the last three end with {@code _first} where dx is not wanted.
   *
   * <ul>
   *   <li>{@code <name>_before(x, w, c, chunks, windowed) -> before}
   *   <li>{@code <name>_handed(before, c) -> Tensor}: what later tokens see
   *   <li>{@code <name>_after(before, w, c, chunks, windowed) -> (y, saved)}
   *   <li>{@code <name>_backward_after(g, saved, w, gradients, c, chunks, windowed) -> waiting}:
   *       gradients of values of {@code before}
   *   <li>{@code <name>_returned(waiting, c)}: adds to them the gradients from later tokens
   *   <li>{@code <name>_backward_before(waiting, saved, w, gradients, c, chunks, windowed) -> dx}
   * </ul>
   */
  record CutLayer(
      LayerProgram program,
      List<Statement> before,
      Statement.HandsOn handing,
      List<Statement> after) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");
    private static final String DOWN = "w: List[Tensor], gradients: List[Tensor], ";

    static Optional<CutLayer> of(LayerProgram program, List<Statement> statements) {
      for (int i = 0; i < statements.size(); i++) {
        if (!(statements.get(i) instanceof Statement.HandsOn handing)) continue;
        List<Statement> after = statements.subList(i, statements.size());
        return Optional.of(new CutLayer(program, statements.subList(0, i), handing, after));
      }
      return Optional.empty();
    }

    String methods() {
      return forward() + backward(true) + (program.trains() ? backward(false) : "");
    }

    private String forward() {
      Map<String, String> saved = program.saved(true);
      LayerText text = program.text(true);
      before.forEach(each -> each.forward(text));
      String first = text.cut();
      after.forEach(each -> each.forward(text));
      Map<String, String> live = live(first, text.lines(), saved);
      String names = String.join(", ", live.keySet());
      String tuple = "before: " + LayerProgram.types(live);
      String unpacked = LayerProgram.unpacked(live.keySet(), "before");
      String handed = handing.handed();
      return program.method(
              "before",
              "x: Tensor, " + LayerProgram.READ,
              LayerProgram.types(live),
              first + "    return (%s,)\n".formatted(names))
          + program.method(
              "handed",
              tuple + ", c: List[Tensor]",
              "Tensor",
              unpacked + "    return %s\n".formatted(handed))
          + program.method(
              "after",
              tuple + ", " + LayerProgram.READ,
              "Tuple[Tensor, %s]".formatted(LayerProgram.types(saved)),
              unpacked
                  + text.lines()
                  + "    return (%s, (%s,))\n"
                      .formatted(program.output(), String.join(", ", saved.keySet())));
    }

    /** Returns the values of the first part that the second reads or returns, with their types. */
    private static Map<String, String> live(
        String first, String second, Map<String, String> saved) {
      Set<String> there = new LinkedHashSet<>(List.of(LayerProgram.INPUT));
      for (String line : first.lines().toList()) {
        there.addAll(names(line.substring(0, line.indexOf(" = "))));
      }
      Set<String> wanted = names(second);
      wanted.addAll(saved.keySet());
      there.retainAll(wanted);
      Map<String, String> live = new LinkedHashMap<>();
      for (String each : there) live.put(each, saved.getOrDefault(each, "Tensor"));
      return live;
    }

    private static Set<String> names(String text) {
      return NAME.matcher(text)
          .results()
          .map(MatchResult::group)
          .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private String backward(boolean inputGradient) {
      Map<String, String> saved = program.saved(true);
      String unpacked = LayerProgram.unpacked(saved.keySet(), "saved");
      String types = "saved: %s, ".formatted(LayerProgram.types(saved));
      LayerText text = program.beginBackward(inputGradient);
      LayerProgram.down(after, text);
      List<String> waiting = text.waiting();
      String together = LayerProgram.unpacked(waiting, "waiting");
      String returned = handing.returned(text);
      String second = text.cut();
      LayerProgram.down(before, text);
      String suffix = inputGradient ? "" : "_first";
      return program.method(
              "backward_after" + suffix,
              "g: Tensor, " + types + DOWN + LayerProgram.BATCH,
              "List[Tensor]",
              unpacked
                  + second
                  + "    return annotate(List[Tensor], [%s])\n"
                      .formatted(String.join(", ", waiting)))
          + program.method(
              "returned" + suffix,
              "waiting: List[Tensor], c: List[Tensor]",
              "int",
              together + "    return %s\n".formatted(returned))
          + program.method(
              "backward_before" + suffix,
              "waiting: List[Tensor], " + types + DOWN + LayerProgram.BATCH,
              inputGradient ? "Tensor" : "int",
              unpacked
                  + together
                  + text.lines()
                  + "    return %s\n"
                      .formatted(inputGradient ? text.take(LayerProgram.INPUT) : "0"));
    }
  }

  /**
   * Returns the layer below the head with its other tokens left out: after attention, which reads
   * all tokens, it computes only those that the head picks.
   */
  public static List<Statement> picking(List<Statement> layer) {
    List<Statement> picking = new ArrayList<>();
    Map<String, String> picked = new HashMap<>();
    for (Statement each : layer) {
      picking.add(picked.isEmpty() ? each : reading(each, picked));
      if (!(each instanceof Attend attend)) continue;
      for (String value : List.of(attend.output(), LayerProgram.INPUT)) {
        picked.put(value, value + "_picked");
        picking.add(new Pick(value + "_picked", value));
      }
    }
    return picking;
  }

  /**
   * Returns the layer with the pick at its end, for layers with dropout, whose masks cover every
   * token.
   */
  public static List<Statement> pickingLast(List<Statement> layer) {
    List<Statement> picking = new ArrayList<>(layer);
    picking.add(new Pick("picked", layer.getLast().output()));
    return picking;
  }

  /** Returns the linear layers that see only the picked tokens. */
  public static Set<String> modules(List<Statement> layer) {
    return layer.stream()
        .dropWhile(each -> !(each instanceof Attend))
        .mapMulti(
            (Statement each, Consumer<String> modules) -> {
              if (each instanceof LinearLayer linear) modules.accept(linear.module());
            })
        .collect(Collectors.toSet());
  }

  private static Statement reading(Statement statement, Map<String, String> picked) {
    if (statement.inputs().stream().noneMatch(picked::containsKey)) return statement;
    return switch (statement) {
      case LinearLayer each -> each.reading(picked.getOrDefault(each.input(), each.input()));
      case Norm.LayerNorm each -> each.reading(picked.getOrDefault(each.input(), each.input()));
      case Elementwise.Sum each ->
          new Elementwise.Sum(
              each.output(),
              picked.getOrDefault(each.left(), each.left()),
              picked.getOrDefault(each.right(), each.right()),
              each.factor());
      default -> throw new IllegalStateException("cannot read the picked tokens: " + statement);
    };
  }

  /** {@code output = input[picked]}, the positions that the head reads. */
  record Pick(String output, String input) implements Statement.Unary {
    private String rows() {
      return input + "_rows";
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = torch.size(%s, 0)", rows(), input);
      reference(text);
    }

    @Override
    public void reference(LayerText text) {
      text.line(
          "%s = torch.index_select(%s, 0, %s)", output, input, BatchContext.PICKED.reference());
    }

    @Override
    public void backward(LayerText text) {
      text.add(
          input,
          "__torch__.ops.pick.backward(%s, %s, %s)"
              .formatted(
                  text.take(output), BatchContext.PICKED.reference(), text.saved(rows(), "int")));
    }
  }
}
