"""The Python half of a shop: orders are priced here, their pictures are made by the TypeScript half (pictures.ts)."""
import os

from celery import Celery, signature

url = os.environ.get('CELERY_BROKER_URL', 'redis://localhost:6379/0')
app = Celery('shop', broker=url, backend=url)
app.conf.task_routes = {'pictures.*': {'queue': 'pictures'}}
app.conf.task_default_queue = 'orders'


@app.task(name='orders.price')
def price(items):
    if not items:
        raise ValueError('an order of nothing')
    return sum(item['pieces'] * item['cents'] for item in items)


if __name__ == '__main__':
    # A task of the other language is called by its name.
    picture = app.send_task('pictures.resize', ['cat.jpg'], {'width': 640})
    print(picture.get(timeout=10))

    # A chain may pass from one language to the other: the price is written on the picture.
    label = price.s([{'pieces': 2, 'cents': 450}]) | signature('pictures.label', kwargs={'path': 'cat.jpg'})
    print(label.delay().get(timeout=10))
