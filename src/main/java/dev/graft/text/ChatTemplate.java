package dev.graft.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.interpret.TemplateSyntaxException;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's own chat template, rendered as transformers' Jinja environment does. The text of
 * messages is data: it is never read as a template. A template sees maps, lists, strings, numbers
 * and the methods of {@link PythonMethods}, and no Java object.
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
   * @param spans what the template marks as the assistant's, {start, end} in code points; empty
   *     where it marks nothing
   */
  public record Rendered(String text, List<int[]> spans) {}

  /**
   * @param today what {@code strftime_now} tells; pinned, so that a run can be repeated
   * @throws TemplateRejected if it cannot be parsed, or uses what is not supported
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
    globals.registerFilter(new ToJsonFilter());
    ValueFilter.all().forEach(globals::registerFilter);
    for (ELFunctionDefinition function : TemplateFunctions.all()) {
      globals.registerFunction(function);
    }
    globals.getGlobalMacros(); // made by the first look at them
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

  /** Whether the template says by itself what the assistant says. */
  public boolean marksGeneration() {
    return text.contains("{% generation");
  }

  /**
   * @param messages maps of JSON values: role, content, and whatever else the row has
   * @param tools JSON values, or null
   * @throws TemplateRejected with the template's own words, or the construct that failed
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
    } catch (TemplateSyntaxException e) { // told without the name of the exception
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
}
