package dev.graft.weights;

import static dev.graft.weights.LoaderRules.Compatibility.Verdict.LOADS;
import static dev.graft.weights.LoaderRules.Compatibility.Verdict.NO;
import static dev.graft.weights.LoaderRules.Compatibility.Verdict.WITH_CONVERSION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Bottleneck;
import dev.graft.weights.LoaderRules.Compatibility;
import dev.graft.weights.LoaderRules.Compatibility.Verdict;
import dev.graft.weights.LoaderRules.Loader;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

class LoaderRulesTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String ALL =
      "'target_modules':['q_proj','k_proj','v_proj','o_proj','gate_proj','up_proj','down_proj']";

  /** Settings, family, and the verdicts of peft, vLLM, SGLang, TGI, llama.cpp. */
  static Stream<Arguments> table() {
    return Stream.of(
        row("", "llama", LOADS, LOADS, LOADS, LOADS, WITH_CONVERSION),
        row("", "qwen3", LOADS, LOADS, LOADS, LOADS, WITH_CONVERSION),
        row("'r':64", "llama", LOADS, LOADS, LOADS, LOADS, WITH_CONVERSION),
        row("'use_rslora':true", "llama", LOADS, LOADS, WITH_CONVERSION, LOADS, WITH_CONVERSION),
        converted("'alpha_pattern':{'q_proj':3}", "llama"),
        converted("'rank_pattern':{'q_proj':3}", "llama"),
        converted("'init_lora_weights':'eva'", "llama"),
        converted("'init_lora_weights':'olora'", "llama"),
        row(
            "'init_lora_weights':'eva','eva_config':{'rho':1}",
            "llama",
            LOADS,
            LOADS,
            LOADS,
            LOADS,
            WITH_CONVERSION),
        row(
            "'layers_to_transform':[1]",
            "llama",
            LOADS,
            LOADS,
            LOADS,
            WITH_CONVERSION,
            WITH_CONVERSION),
        converted("'modules_to_save':['lm_head']", "llama"),
        converted("'bias':'lora_only'", "qwen2"),
        row("'lora_bias':true", "llama", LOADS, NO, NO, NO, NO),
        converted("'target_modules':['c_attn']", "gpt2"),
        converted("'target_modules':['query_key_value']", "gpt-neox"),
        row("'target_modules':['query']", "bert", LOADS, NO, NO, NO, NO),
        converted("", "llama-cls"),
        converted("'peft_type':'IA3','target_modules':null", "llama"),
        row("'peft_type':'PROMPT_TUNING','num_virtual_tokens':4", "llama", LOADS, NO, NO, NO, NO));
  }

  /** What {@code peft} alone loads as it is. */
  private static Arguments converted(String settings, String family) {
    return row(
        settings,
        family,
        LOADS,
        WITH_CONVERSION,
        WITH_CONVERSION,
        WITH_CONVERSION,
        WITH_CONVERSION);
  }

  private static Arguments row(String settings, String family, Verdict... verdicts) {
    return Arguments.of(settings, family, List.of(verdicts));
  }

  @ParameterizedTest
  @MethodSource("table")
  void everyProgramHasItsVerdict(String settings, String family, List<Verdict> expected) {
    assertThat(report(settings, family))
        .extracting(Compatibility::verdict)
        .containsExactlyElementsOf(expected);
  }

  @Test
  void everyVerdictThatIsNotPlainlyYesSaysWhy() {
    table()
        .map(Arguments::get)
        .flatMap(row -> report((String) row[0], (String) row[1]).stream())
        .filter(each -> each.verdict() != LOADS)
        .forEach(each -> assertThat(each.reasons()).isNotEmpty().allMatch(r -> !r.isBlank()));
  }

  @Test
  void aConversionNamesTheFormThatMeansTheSame() {
    assertThat(of(Loader.LLAMA_CPP, "'use_rslora':true").reasons())
        .containsExactly(
            "use_rslora is ignored: the scale would be wrong",
            "load the plain form in plain_lora",
            "convert it to GGUF: graft gguf, or output.gguf");
    assertThat(of(Loader.VLLM, "'modules_to_save':['lm_head']").reasons())
        .last()
        .asString()
        .contains("merge");
    assertThat(LoaderRules.wantPlainForm(method("'use_rslora':true"), Families.read("llama")))
        .isTrue();
    assertThat(LoaderRules.wantPlainForm(method(""), Families.read("llama"))).isFalse();
    assertThat(
            LoaderRules.wantPlainForm(
                method("'use_rslora':true,'modules_to_save':['lm_head']"), Families.read("llama")))
        .isFalse();
    String table = "'use_rslora':true,'target_modules':['embed_tokens','q_proj']";
    assertThat(LoaderRules.wantPlainForm(method(table), Families.read("llama"))).isFalse();
    assertThat(of(Loader.SGLANG, table).reasons()).last().asString().contains("merge");
  }

  @Test
  void whatIsExactlyLoraHasAPlainForm() {
    for (String method :
        List.of("'peft_type':'VERA','r':64", "'peft_type':'ADALORA','init_r':64,'total_step':9")) {
      assertThat(of(Loader.VLLM, method).reasons())
          .containsExactly(
              "vllm supports LoRA only",
              "load the plain form in plain_lora",
              "start the server with --max-lora-rank 64 or more");
      assertThat(LoaderRules.wantPlainForm(method(method), Families.read("llama"))).isTrue();
      assertThat(LoaderRules.wantPlainForm(method(method), Families.read("gpt2"))).isFalse();
      assertThat(of(Loader.TGI, method + ",'modules_to_save':['lm_head']").reasons())
          .last()
          .asString()
          .contains("merge");
    }
    assertThat(of(Loader.TGI, "'peft_type':'VERA','bias':'all'").reasons())
        .last()
        .asString()
        .contains("merge");
  }

  @Test
  void llamaCppTakesAnAdapterAsItIsInItsPlainFormOrNotAtAll() {
    assertThat(factors("'rank_pattern':{'q_proj':3}", "llama"))
        .isEqualTo(LoaderRules.Factors.AS_TRAINED);
    assertThat(factors("'target_modules':['query_key_value']", "gpt-neox"))
        .isEqualTo(LoaderRules.Factors.AS_TRAINED);
    for (String method :
        List.of("'use_rslora':true", "'alpha_pattern':{'q_proj':3}", "'peft_type':'VERA','r':64")) {
      assertThat(factors(method, "llama")).isEqualTo(LoaderRules.Factors.PLAIN);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> factors("'use_dora':true", "llama"))
        .withMessage(
            "llama.cpp does not load this adapter: use_dora: its magnitudes are not loaded; merge it into"
                + " the base: graft merge, or output.merged");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> factors("'target_modules':['c_attn']", "gpt2"))
        .withMessageContaining("llama.cpp does not serve adapters on gpt2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoaderRules.ggufFactors(new AdapterMethod.Full(), Families.read("llama")))
        .withMessageContaining("convert_hf_to_gguf.py");
  }

  /**
   * What Gemma's own configuration says of its output is nothing that llama.cpp has a place for.
   */
  @Test
  void llamaCppHasNoAdapterForAMatrixThatIsTableAndOutput() {
    String table = "'target_modules':['embed_tokens','q_proj']";
    String output = "'target_modules':['lm_head','q_proj']";
    for (String method : List.of(table, output)) {
      assertThat(factors(method, "llama")).isEqualTo(LoaderRules.Factors.AS_TRAINED);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> factors(method, "llama-tied"))
          .withMessageContaining(
              "the token table is also the output matrix: adapters on it are not supported");
      ModelConfig untied = Families.read("gemma2", json -> json.put("tie_word_embeddings", false));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LoaderRules.ggufFactors(method(method), untied))
          .withMessageContaining("are not supported; merge it into the base");
    }
  }

  @Test
  void aStartByLoftqNeedsTheBaseAsItWasQuantised() {
    String loftq = "'init_lora_weights':'loftq'";
    assertThat(of(Loader.PEFT, loftq).verdict()).isEqualTo(LOADS);
    assertThat(of(Loader.PEFT, loftq).reasons()).singleElement().asString().contains("GPU");
    assertThat(of(Loader.VLLM, loftq).verdict()).isEqualTo(WITH_CONVERSION);
    assertThat(of(Loader.VLLM, loftq).reasons()).last().asString().contains("merge");
  }

  @Test
  void aTiedTableOfWhichOneSideTrainsIsNotMerged() {
    for (String method :
        List.of("'modules_to_save':['lm_head']", "'modules_to_save':['embed_tokens']")) {
      assertThat(report(method, "qwen3").get(1).verdict()).isEqualTo(NO);
      assertThat(
              report("'peft_type':'IA3','target_modules':null," + method, "qwen3").get(1).verdict())
          .isEqualTo(NO);
      assertThat(report(method, "llama").get(1).verdict()).isEqualTo(WITH_CONVERSION);
    }
  }

  @Test
  void aRankAboveTheServersDefaultSaysTheFlagToSet() {
    assertThat(of(Loader.VLLM, "'r':64").reasons())
        .containsExactly("start the server with --max-lora-rank 64 or more");
    assertThat(of(Loader.PEFT, "'r':64").reasons()).isEmpty();
  }

  @Test
  void partialGroupsAreNamedForOlderVersionsOfSglang() {
    assertThat(of(Loader.SGLANG, "'target_modules':['k_proj']").reasons())
        .containsExactly("older versions need adapters on all of k_proj, q_proj, v_proj");
  }

  @Test
  void aWholeModelIsNoAdapter() {
    List<Compatibility> report = LoaderRules.of(new AdapterMethod.Full(), Families.read("llama"));
    assertThat(report)
        .extracting(Compatibility::verdict)
        .containsExactly(NO, LOADS, LOADS, LOADS, WITH_CONVERSION);
  }

  @Test
  void bottleneckAdaptersAreForGraftAlone() {
    var report = LoaderRules.of(new Bottleneck(Bottleneck.Variant.HOULSBY), Families.read("llama"));
    assertThat(report).extracting(Compatibility::verdict).containsOnly(NO).hasSize(5);
    assertThat(report).allMatch(each -> each.reasons().getFirst().contains("bottleneck adapters"));
  }

  private static LoaderRules.Factors factors(String settings, String family) {
    return LoaderRules.ggufFactors(method(settings), Families.read(family));
  }

  private static Compatibility of(Loader loader, String settings) {
    return report(settings, "llama").get(Arrays.asList(Loader.values()).indexOf(loader));
  }

  private static List<Compatibility> report(String settings, String family) {
    return LoaderRules.of(method(settings), Families.read(family));
  }

  private static AdapterMethod method(String settings) {
    String type = settings.contains("peft_type") ? "" : "'peft_type':'LORA',";
    String targets = settings.contains("target_modules") || settings.contains("PROMPT") ? "" : ALL;
    String comma = targets.isEmpty() || settings.isEmpty() ? "" : ",";
    String json = "{" + type + targets + comma + settings + "}";
    return AdapterMethods.fromPeft(JSON.readTree(json.replace('\'', '"')));
  }
}
