/** Systems other than Linux are measured by systeminformation; loaded only there, as it takes 9 MB. */
export async function systeminformation() {
  return (await import("systeminformation")).default;
}
