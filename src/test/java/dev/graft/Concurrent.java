package dev.graft;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test that computes for seconds and shares nothing with servers. One of them at a time runs
 * while the tests of servers, which mostly wait, run one after another. Libtorch has one generator
 * of random numbers a process, so whatever trains here is one of these.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("libtorch")
public @interface Concurrent {}
