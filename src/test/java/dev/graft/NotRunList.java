package dev.graft;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** At the end of all tests: one list of what was not run, and why. */
public final class NotRunList implements TestExecutionListener {
  private final Map<String, String> notRun = new ConcurrentSkipListMap<>();

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    notRun.put(name(test), reason);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() != Status.ABORTED) return;
    String reason = result.getThrowable().map(Throwable::getMessage).orElse("aborted");
    notRun.put(name(test), reason);
  }

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    if (notRun.isEmpty()) return;
    System.out.println("Not run (" + notRun.size() + "):");
    new TreeMap<>(notRun).forEach((test, why) -> System.out.println("  " + test + ": " + why));
    notRun.clear(); // a JVM may run one class after the other, each as a plan of its own
  }

  private static String name(TestIdentifier test) {
    return switch (test.getSource().orElse(null)) {
      case MethodSource method -> simple(method.getClassName()) + "." + method.getMethodName();
      case ClassSource type -> simple(type.getClassName());
      case null, default -> test.getDisplayName();
    };
  }

  private static String simple(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}
