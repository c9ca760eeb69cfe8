/** 300 threads and a million objects; it ends with its input. */
public final class Objects {
  private static final java.util.List<Object> KEPT = new java.util.ArrayList<>();

  private Objects() {}

  public static void main(String[] arguments) throws Exception {
    var started = new java.util.concurrent.CountDownLatch(300);
    for (int i = 0; i < 300; i++) {
      var thread = new Thread(() -> {
        started.countDown();
        java.util.concurrent.locks.LockSupport.park();
      });
      thread.setDaemon(true);
      thread.start();
    }
    started.await();
    for (int i = 0; i < 1_000_000; i++) KEPT.add(new int[] {i});
    System.out.println("ready");
    while (System.in.read() >= 0) {}
  }
}
