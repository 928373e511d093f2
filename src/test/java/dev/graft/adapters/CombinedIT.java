package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.console.PageClient;
import dev.graft.openai.GraftProgram;
import dev.graft.openai.StartedGraft;
import dev.graft.tenancy.ApiClient;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Several trained adapters as one, over the API and the command line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CombinedIT extends StartedGraft {
  private static final String LORA =
      "{'peft': {'r': %d, 'init_lora_weights': 'gaussian'}, 'training': {'max_steps': %d}}";

  @TempDir private Path directory;
  private ApiClient client = new ApiClient(0, "");
  private String key = "";
  private String first = "";
  private String second = "";
  private String other = "";
  private String path = "";
  private AdapterForms forms = new AdapterForms(client, "", "", "");

  @BeforeAll
  void adapters() throws Exception {
    registerTiny();
    key = key("combined");
    client = new ApiClient(URI.create(url()).getPort(), key);
    first = text(AdapterForms.trained(client, LORA.formatted(4, 3)), "id");
    second = text(AdapterForms.trained(client, LORA.formatted(4, 2)), "id");
    other = text(AdapterForms.trained(client, LORA.formatted(2, 1)), "id");
    path = "/v1/adapters/" + first + "/exports";
    forms = new AdapterForms(client, url(), key, path);
  }

  private String asked(String id, String rest) {
    return "{'form': 'combined', 'combination': {'adapters': ['%s'], %s}}".formatted(id, rest);
  }

  /** All singular values together are the sum that factors side by side say exactly. */
  @Test
  void aDecompositionOfAllRanksIsTheSumOfTheUpdates() throws Exception {
    String cat = asked(other, "'weights': [1, -0.5], 'combination_type': 'cat'");
    String svd = asked(other, "'weights': [1, -0.5], 'svd_rank': 6");
    JsonNode made = forms.made(svd);
    assertThat(text(made, "filename")).isEqualTo(first + "-combined.tar.gz");
    assertThat(text(made.path("options"), "combination_type")).isEqualTo("svd");
    Path whole = forms.unpacked(made, directory);
    assertThat(whole.resolve("README.md")).content().contains("combination_type", other);
    Map<String, float[]> sums = products(whole);
    Map<String, float[]> exact = products(forms.unpacked(forms.made(cat), directory));
    assertThat(sums.keySet()).isEqualTo(exact.keySet()).isNotEmpty();
    exact.forEach(
        (layer, product) ->
            assertThat(sums.get(layer)).as(layer).containsExactly(product, within(1e-6f)));
    assertThat(exact.values().stream().anyMatch(CombinedIT::isNotZero)).isTrue();
  }

  private static boolean isNotZero(float[] numbers) {
    for (float each : numbers) if (Math.abs(each) > 1e-5) return true;
    return false;
  }

  /** What B A is in each layer. */
  private static Map<String, float[]> products(Path adapter) {
    Map<String, float[]> products = new TreeMap<>();
    try (SavedAdapter saved = SavedAdapter.read(adapter)) {
      Map<String, NamedTensor> tensors = NamedTensor.byName(saved.tensors());
      for (NamedTensor a : tensors.values()) {
        if (!a.name().contains("lora_A")) continue;
        float[] factor = a.toFloats();
        float[] b = tensors.get(a.name().replace("lora_A", "lora_B")).toFloats();
        int rank = Math.toIntExact(a.shape()[0]);
        int in = factor.length / rank;
        float[] product = new float[b.length / rank * in];
        for (int i = 0; i < product.length; i++) {
          for (int k = 0; k < rank; k++)
            product[i] += b[i / in * rank + k] * factor[k * in + i % in];
        }
        products.put(a.name(), product);
      }
    }
    return products;
  }

  @Test
  void equalSeedsDropEqualNumbers() throws Exception {
    String dare = asked(second, "'weights': [1, 1], 'combination_type': 'dare_linear', %s");
    JsonNode made = forms.made(dare.formatted("'density': 0.5"));
    assertThat(ok(client.post(path, dare.formatted("'density': 0.5, 'seed': 0")))).isEqualTo(made);
    ok(client.delete(path + "/" + text(made, "id")));
    JsonNode again = forms.made(dare.formatted("'density': 0.5"));
    assertThat(text(again, "sha256")).isEqualTo(text(made, "sha256"));
    JsonNode others = forms.made(dare.formatted("'density': 0.5, 'seed': 1"));
    assertThat(text(others, "sha256")).isNotEqualTo(text(made, "sha256"));
  }

  @Test
  void theCommandFetchesIt() throws Exception {
    GraftProgram program = new GraftProgram(directory);
    Map<String, String> environment = Map.of("GRAFT_SERVER", url(), "GRAFT_API_KEY", key);
    List<String> combine =
        List.of("adapters", "combine", first, second, "--weights", "1,0.5", "--type", "ties");
    List<String> options = List.of("--density", "0.5", "--out", "both.tar.gz");
    GraftProgram.Ran ran =
        program.run(environment, "", Stream.of(combine, options).flatMap(List::stream).toList());
    assertThat(ran.status()).as(ran.error()).isZero();
    assertThat(ran.out().strip()).isEqualTo("both.tar.gz");
    assertThat(directory.resolve("both.tar.gz")).isNotEmptyFile();
    GraftProgram.Ran none = program.run(environment, "", combine);
    assertThat(none.status()).isEqualTo(2);
    assertThat(none.error()).contains("density, the fraction of values that are kept");
  }

  @Test
  void theConsoleAsksForIt() throws Exception {
    PageClient browser = new PageClient(URI.create(url()).getPort());
    browser.signIn(key);
    String page = "/console/models/" + first;
    assertThat(browser.get(page).body()).contains("Combine with", second, other);
    Map<String, String> asked =
        Map.of("other", second, "weights", "1,0.25", "type", "magnitude_prune", "density", "0.5");
    browser.post(page + "/combinations", asked);
    JsonNode begun = ok(client.get(path)).at("/data/0");
    assertThat(text(begun, "form")).isEqualTo("combined");
    assertThat(begun.path("options"))
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    "{\"combination_type\":\"magnitude_prune\",\"adapters\":[\"%s\"],\"weights\":[1.0,0.25],\"density\":0.5}"
                        .formatted(second)));
    assertThat(browser.get(page).body()).contains("combined magnitude_prune");
  }

  @Test
  void whatCannotBeCombinedIsRefusedWhenItIsAskedFor() throws Exception {
    refused(asked(other, "'weights': [1, 1], 'combination_type': 'linear'"), "form", "equal ranks");
    String field = "combination.";
    refused(asked(first, "'weights': [1, 1]"), field + "adapters", "1 to 8 other adapters");
    refused(asked("ad_none", "'weights': [1, 1]"), field + "adapters", "no adapter 'ad_none'");
    refused(asked(second, "'weights': [1]"), field + "weights", "2 numbers");
    refused(asked(second, "'weights': [1, 1e9]"), field + "weights", "between -100 and 100");
    refused(asked(second, "'weights': [1, 1], 'density': 0.5"), field + "density", "no option");
    refused(
        asked(second, "'weights': [1, 1], 'combination_type': 'ties', 'density': 1.5"),
        field + "density",
        "in (0, 1]");
    refused(
        asked(second, "'weights': [1, 1], 'svd_rank': 0"),
        field + "svd_rank",
        "between 1 and 1024");
    refused(
        asked(second, "'weights': [1, 1], 'combination_type': 'mean'"),
        field + "combination_type",
        "must be one of svd, linear, cat");
    refused(
        "{'form': 'combined', 'combination': {'adapters': [null], 'weights': [1, 1]}}",
        field + "adapters",
        "1 to 8 other adapters");
    refused(asked(second, "'weights': [1, null]"), field + "weights", "2 numbers");
    refused("{'form': 'combined'}", "combination", "Missing required parameter");
    refused("{'form': 'merged', 'combination': {}}", "combination", "no option");
    ApiClient stranger = client.as(key("combined-other"));
    error(stranger.post(path, asked(second, "'weights': [1, 1]")), 404);
  }

  private void refused(String asked, String param, String why) throws Exception {
    JsonNode refusal = error(client.post(path, asked), 400);
    assertThat(text(refusal, "param")).isEqualTo(param);
    assertThat(text(refusal, "message")).contains(why);
  }
}
