/** Makes rubbish all the time and keeps a few MiB of it: a sawtooth. Garbage SECONDS */
public class Garbage {
    static byte[][] kept = new byte[64][];

    public static void main(String[] arguments) throws InterruptedException {
        long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
        for (int count = 0; System.nanoTime() < end; count++) {
            kept[count % kept.length] = new byte[64 << 10];
            for (int k = 0; k < 30; k++) {
                byte[] rubbish = new byte[10 << 10];
                rubbish[0] = 1;
            }
            Thread.sleep(20);
        }
    }
}
