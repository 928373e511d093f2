package dev.graft.console;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.FluentWait;
import org.openqa.selenium.support.ui.WebDriverWait;

/** This machine's Chromium, without a window; where it has none, a test is listed as not run. */
final class Chromium {
  private Chromium() {}

  static ChromeDriver start() {
    Path driver = program("chromedriver");
    Path chromium = program("chromium", "chromium-browser", "google-chrome");
    assumeTrue(
        driver != null && chromium != null,
        "no chromium and chromedriver on this machine: apt-get install chromium-driver");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.toFile());
    options.addArguments(
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage");
    // As on a phone, where they lie over the page.
    options.addArguments("--window-size=1280,1000", "--lang=en", "--hide-scrollbars");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    return new ChromeDriver(
        new ChromeDriverService.Builder()
            .usingDriverExecutable(driver.toFile())
            .usingAnyFreePort()
            .build(),
        options);
  }

  /** What the browser itself had against a page, such as a script that its policy forbids. */
  static List<String> complaints(ChromeDriver browser) {
    return browser.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  private static Path program(String... names) {
    return Stream.of(names)
        .flatMap(
            name ->
                Stream.of(System.getenv("PATH").split(":")).map(in -> Path.of(in).resolve(name)))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  /** Waits; what is looked at may be replaced at that moment, and is then looked at again. */
  static FluentWait<WebDriver> patiently(WebDriver browser, Duration patience) {
    return new WebDriverWait(browser, patience).ignoring(WebDriverException.class);
  }
}
