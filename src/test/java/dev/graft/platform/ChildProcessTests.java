package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChildProcessTests {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SPRING_DATASOURCE_PASSWORD",
        "SPRING_DATASOURCE_URL",
        "GRAFT_API_KEY",
        "GRAFT_SECRETS_KEY",
        "GRAFT_WORKER_TOKEN",
        "GRAFT_WORKER_SERVER_URL",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "HF_TOKEN",
        "OPENAI_API_KEY",
        "PGPASSWORD",
        "PGPORT",
        "RAY_AUTH_TOKEN",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "HTTPS_PROXY",
        "path",
        "XPATH",
        "LC",
      })
  void whatAChildHasNoUseForIsTakenOut(String name) {
    Map<String, String> environment = new HashMap<>(Map.of(name, "x", "PATH", "/bin"));
    ChildProcess.keepAllowed(environment);
    assertThat(environment).containsExactly(Map.entry("PATH", "/bin"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "LD_LIBRARY_PATH",
        "CUDA_VISIBLE_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
        "PYTORCH_LIBRARY_PATH",
        "OMP_NUM_THREADS",
        "LC_ALL",
        "TMPDIR",
      })
  void whatFindsLibrariesAndDevicesStays(String name) {
    Map<String, String> environment = new HashMap<>(Map.of(name, "x"));
    ChildProcess.keepAllowed(environment);
    assertThat(environment).containsOnlyKeys(name);
  }

  @Test
  void aChildSaysWhatItGot() throws Exception {
    Process child = ChildProcess.of(List.of("env")).start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    List<String> names = new ArrayList<>();
    for (String line : said.lines().toList()) names.add(line.substring(0, line.indexOf('=')));
    Map<String, String> own = new HashMap<>(System.getenv());
    ChildProcess.keepAllowed(own);
    assertThat(names).contains("PATH").containsExactlyInAnyOrderElementsOf(own.keySet());
  }
}
