package dev.graft.text;

import com.google.common.collect.SetMultimap;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.interpret.TemplateSyntaxException;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.lib.tag.ForTag;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.util.ForLoop;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template, rendered as in transformers' Jinja environment. The text of messages is
 * data and is never interpreted as a template. A template can access maps, lists, strings, numbers
 * and the methods of {@link PythonMethods}, but no Java objects.
 */
public final class ChatTemplate {
  private static final int MAX_OUTPUT = 8 << 20;
  private static final long MAX_NANOS = 10_000_000_000L;

  private final String text;
  private final @Nullable String bosToken;
  private final @Nullable String eosToken;
  private final LocalDate today;
  private final Jinjava jinjava;

  /**
   * @param spans the spans that the template marks as the assistant's, {start, end} in code points;
   *     empty if it marks none
   */
  public record Rendered(String text, List<int[]> spans) {}

  /**
   * @param today the date of {@code strftime_now}, fixed so that runs are reproducible
   * @throws TemplateRejected if the template cannot be parsed or is not supported
   */
  public ChatTemplate(
      String text, @Nullable String bosToken, @Nullable String eosToken, LocalDate today) {
    this.text = TemplateWhitespace.applied(text);
    this.bosToken = bosToken;
    this.eosToken = eosToken;
    this.today = today;
    this.jinjava = new Jinjava(config());
    Context globals = jinjava.getGlobalContext();
    globals.registerTag(new GenerationTag());
    globals.registerTag(new LoopTag());
    globals.registerFilter(new PythonJson.ToJsonFilter());
    PythonMethods.ValueFilter.all().forEach(globals::registerFilter);
    for (ELFunctionDefinition function : TemplateFunctions.all()) {
      globals.registerFunction(function);
    }
    globals.getGlobalMacros(); // created by the first access
  }

  private static JinjavaConfig config() {
    return JinjavaConfig.newBuilder()
        .withKeepTrailingNewline(true)
        .withNestedInterpretationEnabled(false)
        .withMaxOutputSize(MAX_OUTPUT)
        .withMaxStringLength(MAX_OUTPUT)
        .withMaxRenderDepth(20)
        .withMaxMacroRecursionDepth(20)
        .withEnableRecursiveMacroCalls(true)
        .withReadOnlyResolver(true)
        .withElResolver(new PythonMethods())
        .withLegacyOverrides(
            LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                .withUsePyishObjectMapper(true)
                .withUseNaturalOperatorPrecedence(true)
                .withParseWhitespaceControlStrictly(true)
                .withAllowAdjacentTextNodes(true)
                .withKeepNullableLoopValues(true)
                .withHandleBackslashInQuotesOnly(true)
                .build())
        .build();
  }

  /** Whether the template marks the assistant's turns. */
  public boolean marksGeneration() {
    return text.contains("{% generation");
  }

  /**
   * @param messages maps of JSON values: role, content, and other keys of the row
   * @param tools JSON values, or null
   * @throws TemplateRejected with the template's own message, or the construct that failed
   */
  public Rendered render(
      List<? extends Map<String, ?>> messages,
      @Nullable List<?> tools,
      boolean addGenerationPrompt) {
    Map<String, Object> bindings = new HashMap<>();
    bindings.put("messages", messages);
    if (tools != null) bindings.put("tools", tools);
    if (bosToken != null) bindings.put("bos_token", bosToken);
    if (eosToken != null) bindings.put("eos_token", eosToken);
    bindings.put("add_generation_prompt", addGenerationPrompt);
    bindings.put(TemplateFunctions.TODAY, today);
    bindings.put(TemplateFunctions.DEADLINE, System.nanoTime() + MAX_NANOS);
    JinjavaInterpreter rendering =
        new JinjavaInterpreter(
            jinjava,
            new RenderScope(jinjava.getGlobalContext(), bindings),
            jinjava.getGlobalConfig());
    String output = rendered(rendering);
    for (TemplateError error : rendering.getErrors()) throw rejected(error);
    return GenerationTag.withoutMarks(output);
  }

  private String rendered(JinjavaInterpreter rendering) {
    try {
      return rendering.render(text);
    } catch (TemplateSyntaxException e) { // this overload leaves out the name of the exception
      throw rejected(TemplateError.fromException(e));
    } catch (RuntimeException e) {
      throw rejected(TemplateError.fromException(e));
    }
  }

  private static TemplateRejected rejected(TemplateError error) {
    for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
      if (cause instanceof TemplateRejected own) return own;
    }
    return new TemplateRejected(
        "chat template, line " + error.getLineno() + ": " + error.getMessage());
  }

  /**
   * The variables of one rendering; its parent has the tags and filters that all renderings share.
   * Jinjava would record in the parent what a rendering resolves. This class suppresses that, so
   * that threads only read the shared context. Copying it for each rendering, as Jinjava does,
   * takes longer than the rendering.
   */
  private static final class RenderScope extends Context {
    RenderScope(Context shared, Map<String, ?> variables) {
      super(shared, variables);
    }

    @Override
    public void addResolvedExpression(String expression) {}

    @Override
    public void addResolvedValue(String value) {}

    @Override
    public void addResolvedFunction(String function) {}

    @Override
    public void addDependency(String type, String identification) {}

    @Override
    public void addDependencies(SetMultimap<String, String> dependencies) {}
  }

  /** The functions that transformers provides to chat templates. */
  static final class TemplateFunctions {
    static final String TODAY = "__today";
    static final String DEADLINE = "__deadline";

    private static final Map<Character, String> STRFTIME =
        Map.of(
            'd', "dd", 'm', "MM", 'Y', "yyyy", 'y', "yy", 'b', "MMM", 'B', "MMMM", 'a', "EEE", 'A',
            "EEEE", 'j', "DDD");

    private TemplateFunctions() {}

    static List<ELFunctionDefinition> all() {
      return List.of(
          new ELFunctionDefinition(
              "", "raise_exception", TemplateFunctions.class, "raiseException", String.class),
          new ELFunctionDefinition(
              "", "strftime_now", TemplateFunctions.class, "strftimeNow", String.class));
    }

    public static Object raiseException(String message) {
      throw new TemplateRejected(message);
    }

    public static String strftimeNow(String format) {
      LocalDate today = (LocalDate) JinjavaInterpreter.getCurrent().getContext().get(TODAY);
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < format.length(); i++) {
        char c = format.charAt(i);
        if (c != '%' || i + 1 == format.length()) {
          out.append(c);
          continue;
        }
        char field = format.charAt(++i);
        String pattern = STRFTIME.get(field);
        if (field == '%') out.append('%');
        else if ("HMS".indexOf(field) >= 0) out.append("00");
        else if (pattern == null)
          throw new TemplateRejected("chat template: strftime_now does not support %" + field);
        else out.append(DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(today));
      }
      return out.toString();
    }
  }

  /** {@code for}, with {@code loop.previtem} and {@code loop.nextitem}. */
  static final class LoopTag extends ForTag {
    private static final long serialVersionUID = 1;
    private static final String ITEMS = "__items";

    @Override
    public String renderForCollection(
        TagNode tag, JinjavaInterpreter interpreter, List<String> variables, Object collection) {
      Object outer = interpreter.getContext().get(ITEMS);
      interpreter.getContext().put(ITEMS, collection);
      try {
        return super.renderForCollection(tag, interpreter, variables, collection);
      } finally {
        interpreter.getContext().put(ITEMS, outer);
      }
    }

    static @Nullable Object neighbour(ForLoop loop, int distance) {
      Object items = JinjavaInterpreter.getCurrent().getContext().get(ITEMS);
      if (!(items instanceof List<?> list) || list.size() != loop.getLength()) {
        throw new TemplateRejected(
            "chat template: loop.previtem and nextitem are supported for lists only");
      }
      int index = loop.getIndex0() + distance;
      return index >= 0 && index < list.size() ? list.get(index) : null;
    }
  }

  /**
   * {@code {% generation %}}: the assistant's turn. Two Unicode noncharacters, which messages must
   * not contain, mark its borders during rendering and are removed afterwards.
   */
  static final class GenerationTag implements Tag {
    private static final long serialVersionUID = 1;
    private static final char START = '\uFDD0';
    private static final char END = '\uFDD1';

    @Override
    public String getName() {
      return "generation";
    }

    @Override
    public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
      StringBuilder out = new StringBuilder().append(START);
      for (Node child : tag.getChildren()) out.append(child.render(interpreter));
      return out.append(END).toString();
    }

    public static boolean containsMark(String text) {
      return text.indexOf(START) >= 0 || text.indexOf(END) >= 0;
    }

    static Rendered withoutMarks(String marked) {
      StringBuilder text = new StringBuilder(marked.length());
      List<int[]> spans = new ArrayList<>();
      int position = 0;
      int start = -1;
      for (int i = 0; i < marked.length(); ) {
        int codePoint = marked.codePointAt(i);
        i += Character.charCount(codePoint);
        if (codePoint == START) {
          start = position;
        } else if (codePoint == END) {
          if (position > start) spans.add(new int[] {start, position});
        } else {
          text.appendCodePoint(codePoint);
          position++;
        }
      }
      return new Rendered(text.toString(), List.copyOf(spans));
    }
  }

  /** A chat template cannot be rendered, or refuses the messages. */
  public static final class TemplateRejected extends RuntimeException {
    public TemplateRejected(String message) {
      super(message);
    }
  }
}
