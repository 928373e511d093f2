package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.openqa.selenium.chrome.ChromeDriver;

/**
 * Looks at a page on a desk and on a phone, in light and in dark: axe-core with the rules that it
 * has on by itself, and whether the page must be scrolled sideways. With {@code
 * -Dgraft.test.screenshots=DIR} it keeps what it saw.
 */
final class PageAudit {
  static final int DESK = 1280;
  static final int PHONE = 390;

  private static final int HEIGHT = 900;

  /**
   * In dark nothing else is other than in light: all rules take {@code -Dgraft.test.axe.all=true}.
   */
  private static final List<String> COLOURS = List.of("color-contrast", "link-in-text-block");

  private static final String AXE = axe();
  private static final String RUN =
      """
      const [rules, done] = arguments;
      axe.run(document, {resultTypes: ['violations'], ...(rules && {runOnly: rules})}).then(
        found => done(found.violations.flatMap(rule => rule.nodes.map(
          node => rule.id + ' ' + node.target.join(' ') + ': ' + node.failureSummary.replace(/\\s+/g, ' ')))),
        failed => done(['axe failed: ' + failed]));
      """;

  private final ChromeDriver browser;
  private final List<String> violations = new ArrayList<>();
  private int pages;

  PageAudit(ChromeDriver browser) {
    this.browser = browser;
  }

  /** The page that is open. */
  void look(String name) throws IOException {
    pages++;
    for (int width : List.of(DESK, PHONE)) {
      for (String scheme : List.of("light", "dark")) {
        show(width, scheme);
        String at = "%02d-%s-%d-%s".formatted(pages, name, width, scheme);
        keep(at);
        browser.executeScript(AXE);
        boolean coloursOnly = scheme.equals("dark") && !Boolean.getBoolean("graft.test.axe.all");
        List<String> rules = coloursOnly ? COLOURS : null;
        for (Object each : (List<?>) browser.executeAsyncScript(RUN, rules)) {
          violations.add(at + " " + each);
        }
        if (Boolean.TRUE.equals(
            browser.executeScript(
                "return document.documentElement.scrollWidth >"
                    + " document.documentElement.clientWidth"))) {
          violations.add(at + " scrolls sideways");
        }
      }
    }
    show(DESK, "light");
  }

  void show(int width, String scheme) {
    browser.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", HEIGHT, "deviceScaleFactor", 1, "mobile", false));
    browser.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  private void keep(String name) throws IOException {
    String directory = System.getProperty("graft.test.screenshots");
    if (directory == null) return;
    Object picture =
        browser
            .executeCdpCommand("Page.captureScreenshot", Map.of("captureBeyondViewport", true))
            .get("data");
    Path file = Files.createDirectories(Path.of(directory)).resolve(name + ".png");
    Files.write(file, Base64.getDecoder().decode((String) picture));
  }

  void assertNothingWasFound() {
    assertThat(violations).as(pages + " pages").isEmpty();
  }

  private static String axe() {
    try (InputStream script = PageAudit.class.getResourceAsStream("/axe.min.js")) {
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("no axe.min.js on the class path", e);
    }
  }
}
